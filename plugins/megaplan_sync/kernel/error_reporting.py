"""Ends a failed task's log with one sentence that names the field and the remedy.

Airflow logs an exception with its chain of causes, root cause last, and closes the log with markers of its own
(``::group::Post Execute``). So expected errors are raised without their causes, and a callback logs the message
once more on a line of its own, the last one before Airflow's closing marker.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from megaplan_sync.kernel.exceptions import OUR_ERRORS

log = logging.getLogger(__name__)


class ReportingOperator(BaseOperator):
    """An operator that ends its log with the error in one line, whether it is retried or not.

    The DAG author's callbacks run first.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_failure_callback = [*self.on_failure_callback, report_failure]
        self.on_retry_callback = [*self.on_retry_callback, report_failure]


def report_failure(context: Context) -> None:
    """Log the task's error in one line."""
    error = context.get("exception")
    if isinstance(error, AirflowException):
        log.error("%s", " ".join(str(error).split()))
    elif error is not None:
        log.error("%s: %s", type(error).__name__, " ".join(str(error).split()))


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Raise expected errors as Airflow's, without their causes, and not retried when a retry cannot help."""
    try:
        yield
    except OUR_ERRORS as error:
        raise as_airflow_error(error) from None


def as_airflow_error(error: Exception) -> AirflowException:
    """Return the Airflow exception for one of our errors."""
    kind = AirflowException if getattr(error, "retryable", True) else AirflowFailException
    return kind(str(error))
