"""A passing failure of Airflow's API server is told from a connection that does not exist."""

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse

from megaplan_sync.kernel.absent_connection import absent_connection
from megaplan_sync.kernel.exceptions import AirflowUnavailableError, MissingConnectionError


def answers(error: ErrorType) -> Callable[[Any], Any]:
    return lambda request: ErrorResponse(error=error, detail={"conn_id": request.conn_id})


def fails(request: Any) -> Any:
    raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 503}))


@pytest.mark.parametrize(
    ("send", "expected"),
    [
        (None, MissingConnectionError),
        (answers(ErrorType.CONNECTION_NOT_FOUND), MissingConnectionError),
        (answers(ErrorType.API_SERVER_ERROR), AirflowUnavailableError),
        (fails, AirflowUnavailableError),
        # the second time it is there: the first failure has passed
        (lambda request: object(), AirflowUnavailableError),
    ],
)
def test_the_api_server_says_why(
    send: Callable[[Any], Any] | None, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    if send is not None:
        comms = type("Comms", (), {"send": staticmethod(send)})
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)
    error = absent_connection("megaplan_default", "megaplan")
    assert type(error) is expected
    assert error.retryable == (expected is AirflowUnavailableError)  # type: ignore[attr-defined]
    assert "megaplan_default" in str(error)
