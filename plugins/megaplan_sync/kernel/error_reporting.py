"""Says what went wrong, and what to do, before everything else about an error.

Airflow logs an exception with its trace and its chain of causes, then folds the rest of the log away
(``::group::Post Execute``), and its page cuts long lines at the right edge. So the sentence is logged before Airflow
takes over, in lines that fit, and expected errors are raised without their causes and without their own trace.
"""

from __future__ import annotations

import functools
import logging
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from megaplan_sync.kernel.exceptions import OUR_ERRORS
from megaplan_sync.kernel.incidents import record_failure, record_success

log = logging.getLogger(__name__)
LINE_WIDTH = 90
"""Characters of a log line that Airflow's page shows on a screen 1366 pixels wide."""
TOOK_TOO_LONG = (
    "The task was stopped because it took longer than its execution_timeout. What it has written stays, and the next "
    "try continues. If this happens again, raise execution_timeout in the DAG file."
)


class ReportingOperator(BaseOperator):
    """An operator that says what is wrong before Airflow shows a trace, also when it is resumed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_failure_callback = [*self.on_failure_callback, record_failure]
        self.on_success_callback = [*self.on_success_callback, record_success]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "execute" in vars(cls):
            cls.execute = _reporting(cls.execute)  # type: ignore[method-assign]

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral."""
        return _RESUME(self, next_method, next_kwargs, context)


def _reporting(work: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(work)
    def reporting(self: ReportingOperator, *args: Any, **kwargs: Any) -> Any:
        try:
            return work(self, *args, **kwargs)
        except (AirflowSkipException, AirflowRescheduleException):  # no failures
            raise
        except AirflowException as error:  # its trace would say nothing that the sentence does not
            log.error("%s", on_screen(str(error)))
            raise error.with_traceback(None) from None
        except AirflowTaskTimeout:
            log.error("%s", on_screen(TOOK_TOO_LONG))
            raise
        except Exception as error:
            log.error("%s", on_screen(f"{type(error).__name__}: {error}"))
            raise

    return reporting


_RESUME = _reporting(BaseOperator.resume_execution)


def on_screen(sentence: str, indent: str = "") -> str:
    """Break a sentence into lines that fit on the screen.

    :param indent: begins every line but the first
    """
    return textwrap.fill(
        " ".join(sentence.split()),
        LINE_WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
