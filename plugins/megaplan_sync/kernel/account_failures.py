"""The frame of all tasks that work on several accounts: one account's failure stops no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from megaplan_sync.kernel.error_reporting import plainly_told
from megaplan_sync.kernel.exceptions import OUR_ERRORS, EntitiesFailedError

if TYPE_CHECKING:
    from airflow.sdk.types import Logger


class AccountFailures:
    """Keeps what goes wrong with single accounts, and fails the task with all of it at the end of its block.

    .. code-block:: python

        with AccountFailures(self.log) as failures:
            for conn_id in self.accounts:
                with failures.kept(conn_id):
                    ...  # the work on one account
            ...  # what is to be done before the task fails: announce what the others have written

    :param log: of the task's operator
    """

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._failures: dict[str, Exception] = {}

    @contextmanager
    def kept(self, conn_id: str) -> Iterator[None]:
        """Log whatever goes wrong in a block and go on behind it."""
        try:
            yield
        except Exception as error:
            self._log.error("%s: %s", conn_id, error, exc_info=not isinstance(error, OUR_ERRORS))
            self._failures[conn_id] = error

    def __enter__(self) -> AccountFailures:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the error of the one account, or the sentences of all that failed; another error goes first."""
        if error is not None:
            return
        with plainly_told():
            if len(self._failures) == 1:
                raise next(iter(self._failures.values()))
            if self._failures:
                raise EntitiesFailedError(self._failures)
