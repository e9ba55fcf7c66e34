"""Lets a task work on many accounts at once: none of them delays or stops the others.

Some accounts are worked on at a time. One that is slow, because Megaplan hangs or its first load is long, no longer
counts after some seconds, and the next one begins beside it. Every line of the log says whose it is (``account``).
See decision 0033.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from structlog.contextvars import bind_contextvars

from megaplan_sync.kernel.error_reporting import airflow_errors, on_screen
from megaplan_sync.kernel.exceptions import (
    OUR_ERRORS,
    PAUSES,
    AccountHangsError,
    EntitiesFailedError,
    WorkInProgressError,
)

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

Result = TypeVar("Result")

RUN_SECONDS = 600.0
"""How long a task works on its accounts: then those that are not done pause, and the next run continues. Less than
the quarter of an hour between two syncs."""
NIGHT_SECONDS = 4 * 3600.0
"""The same for work that may take part of the night, or waits for UIS."""
SHORTEST_SECONDS = 60.0
"""What every account gets, even if its turn comes late."""
AT_ONCE = 8
"""Accounts of a task that are worked on at the same time, not counting slow ones."""
SLOW_AFTER_SECONDS = 5.0
MOST_AT_ONCE = 32
"""Slow accounts included; each has one or two sessions of Postgres."""
GRACE_SECONDS = 120.0
"""For the last request of an account whose time is up: longer than the time limits of a request."""


class AccountBatch:
    """Works on accounts, and fails the task with all their errors at the end of the block.

    .. code-block:: python

        with AccountBatch(self.log) as batch:
            outcomes = batch.run(self.accounts, self._sync)
            ...  # still runs before the task fails: publish what the other accounts wrote

    A pause is no failure: ``paused`` has it.

    :param log: the operator's logger
    :param seconds: how long to work on the accounts
    """

    def __init__(
        self,
        log: Logger,
        *,
        seconds: float = RUN_SECONDS,
        at_once: int = AT_ONCE,
        slow_after_seconds: float = SLOW_AFTER_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._log = log
        self._ends_at = time.monotonic() + seconds
        self._at_once = at_once
        self._slow_after_seconds = slow_after_seconds
        self._grace_seconds = grace_seconds
        self._failures: dict[str, Exception] = {}
        self.paused: dict[str, Exception] = {}

    @property
    def seconds_left(self) -> float:
        """How long an account that begins now may send requests."""
        return max(self._ends_at - time.monotonic(), SHORTEST_SECONDS)

    @property
    def has_failed(self) -> bool:
        """Whether the block will end with an error."""
        return bool(self._failures)

    def run(self, accounts: Iterable[str], work: Callable[[str], Result]) -> dict[str, Result]:
        """Work on each account in a thread of its own; return the results of those that have one.

        :param work: gets the connection id
        """
        waiting, results = deque(accounts), dict[str, Result]()
        names = list(waiting)
        running: dict[str, float] = {}
        done: queue.SimpleQueue[tuple[str, Callable[[], Result]]] = queue.SimpleQueue()
        while waiting or running:
            now = time.monotonic()
            quick = [began for began in running.values() if now - began < self._slow_after_seconds]
            while waiting and len(quick) < self._at_once and len(running) < MOST_AT_ONCE:
                conn_id = waiting.popleft()
                running[conn_id] = now
                quick.append(now)
                _start(conn_id, work, done)
            timeout = self._slow_after_seconds if waiting else self._grace_seconds
            try:
                conn_id, outcome = done.get(timeout=min(timeout, self._seconds_to_hang(running)))
            except queue.Empty:
                self._leave_hanging(running)
                continue
            if running.pop(conn_id, None) is not None:
                self._keep(conn_id, outcome, results)
        self.report_partial(self.paused)
        return {name: results[name] for name in names if name in results}

    def report_partial(self, accounts: Collection[str]) -> None:
        """Log which accounts are not finished although nothing has failed."""
        if accounts:
            names = ", ".join(sorted(accounts))
            self._log.warning("Partial, the next run continues: %d accounts: %s", len(accounts), names)

    def _keep(self, conn_id: str, outcome: Callable[[], Result], results: dict[str, Result]) -> None:
        try:
            results[conn_id] = outcome()
        except WorkInProgressError as error:  # that run does it, and reports how it ends
            self._log.warning("%s: %s", conn_id, error)
        except PAUSES as error:
            self._log.warning("%s: %s", conn_id, error)
            self.paused[conn_id] = error
        except Exception as error:
            self._log.error(
                "%s", on_screen(f"{conn_id}: {error}"), exc_info=not isinstance(error, OUR_ERRORS)
            )
            self._failures[conn_id] = error

    def _seconds_to_hang(self, running: dict[str, float]) -> float:
        """Return how long to wait until the first of these accounts should have ended."""
        return max(min(map(self._hangs_at, running.values())) - time.monotonic(), 0.01)

    def _hangs_at(self, began: float) -> float:
        return max(self._ends_at, began + SHORTEST_SECONDS) + self._grace_seconds

    def _leave_hanging(self, running: dict[str, float]) -> None:
        """Give up accounts whose last request does not end; their transactions end with the process."""
        now = time.monotonic()
        for conn_id, began in list(running.items()):
            if now >= self._hangs_at(began):
                del running[conn_id]
                error = AccountHangsError(conn_id, now - began)
                self._log.error("%s", error)
                self._failures[conn_id] = error

    def __enter__(self) -> AccountBatch:
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


def _start(
    conn_id: str,
    work: Callable[[str], Result],
    done: queue.SimpleQueue[tuple[str, Callable[[], Result]]],
) -> None:
    """Begin the work in a thread; its result or error is put into the queue."""

    def call() -> None:
        bind_contextvars(account=conn_id)
        try:
            result = work(conn_id)
        except BaseException as error:
            done.put((conn_id, _raising(error)))
        else:
            done.put((conn_id, lambda: result))

    context = contextvars.copy_context()
    # a daemon, or one that hangs would keep the process from ending
    threading.Thread(target=context.run, args=(call,), name=f"account {conn_id}", daemon=True).start()


def _raising(error: BaseException) -> Callable[[], Any]:
    def outcome() -> Any:
        raise error

    return outcome
