"""Makes a failed task's log end with one sentence that names the field and the remedy.

Airflow logs an exception with the chain of its causes, the cause at the end, and closes the log with markers of
its own (``::group::Post Execute``). So what is known to go wrong is raised without its causes, and once more
said in a line of its own by a callback, the last thing before Airflow's closing marker.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from megaplan_sync.kernel.exceptions import OUR_ERRORS

log = logging.getLogger(__name__)


class PlainSpokenOperator(BaseOperator):
    """An operator whose failures end its log with one sentence, whether they are retried or not.

    Callbacks of the DAG's author are called first.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_failure_callback = [*self.on_failure_callback, say_what_failed]
        self.on_retry_callback = [*self.on_retry_callback, say_what_failed]


def say_what_failed(context: Context) -> None:
    """Log the task's error, the whole of it in one line."""
    error = context.get("exception")
    if isinstance(error, AirflowException):
        log.error("%s", " ".join(str(error).split()))
    elif error is not None:
        log.error("%s: %s", type(error).__name__, " ".join(str(error).split()))


@contextmanager
def plainly_told() -> Iterator[None]:
    """Turn our errors into Airflow's: without their causes, and not retried where a retry cannot help."""
    try:
        yield
    except OUR_ERRORS as error:
        raise airflow_error(error) from None


def airflow_error(error: Exception) -> AirflowException:
    """Return the Airflow error for one of ours."""
    kind = AirflowException if getattr(error, "retryable", True) else AirflowFailException
    return kind(str(error))
