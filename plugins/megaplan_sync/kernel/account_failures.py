"""Lets a task work on several accounts: one account's failure does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import OUR_ERRORS, EntitiesFailedError, WorkInProgressError

if TYPE_CHECKING:
    from airflow.sdk.types import Logger


class AccountFailures:
    """Collects the errors of single accounts, and fails the task with all of them at the end of the block.

    .. code-block:: python

        with AccountFailures(self.log) as failures:
            for conn_id in self.accounts:
                with failures.catch(conn_id):
                    ...  # the work on one account
            ...  # still runs before the task fails: publish what the other accounts wrote

    :param log: the operator's logger
    """

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._failures: dict[str, Exception] = {}

    @contextmanager
    def catch(self, conn_id: str) -> Iterator[None]:
        """Log an error of the block and continue after it."""
        try:
            yield
        except WorkInProgressError as error:  # that run does it, and reports how it ends
            self._log.warning("%s: %s", conn_id, error)
        except Exception as error:
            self._log.error("%s: %s", conn_id, error, exc_info=not isinstance(error, OUR_ERRORS))
            self._failures[conn_id] = error

    def __enter__(self) -> AccountFailures:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the only error, or one with the messages of all; an error of the block itself takes precedence."""
        if error is not None:
            return
        with airflow_errors():
            if len(self._failures) == 1:
                raise next(iter(self._failures.values()))
            if self._failures:
                raise EntitiesFailedError(self._failures)
