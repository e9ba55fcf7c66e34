"""Why Airflow gave no connection: there is none, or its API server could not be asked.

Airflow raises ``AirflowNotFoundException`` for both: its secrets backends turn every failure into "not here".
"""

import importlib

from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection

from megaplan_sync.kernel.exceptions import (
    AirflowUnavailableError,
    MegaplanSyncError,
    MissingConnectionError,
)


def absent_connection(conn_id: str, conn_type: str) -> MegaplanSyncError:
    """Return the error for a connection that Airflow did not give.

    Asks the API server once more, if this is a task: only its own answer tells "none" from "not now".

    :param conn_type: as in the connection form
    """
    runner = importlib.import_module("airflow.sdk.execution_time.task_runner")
    comms = getattr(runner, "SUPERVISOR_COMMS", None)
    if comms is None:  # no task, so no API server was asked
        return MissingConnectionError(conn_id, conn_type)
    try:
        answer = comms.send(GetConnection(conn_id=conn_id))
    except Exception as failure:
        return AirflowUnavailableError(conn_id, str(failure) or type(failure).__name__)
    if isinstance(answer, ErrorResponse) and answer.error == ErrorType.CONNECTION_NOT_FOUND:
        return MissingConnectionError(conn_id, conn_type)
    return AirflowUnavailableError(
        conn_id, answer.error.value if isinstance(answer, ErrorResponse) else "it failed once"
    )
