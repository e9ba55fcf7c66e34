"""An account's request budget, shared by all processes through Postgres.

pyrate-limiter's Postgres bucket was considered: it locks the whole table for each request and cannot reserve a share
for the live lane. Here a request is one atomic ``UPDATE … RETURNING`` of one row.
"""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from psycopg import Cursor

from megaplan_sync.kernel.exceptions import WorkPausedError
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 60.0
"""For one request. A longer wait ends the work on the account for now: no task sleeps until the hour is over."""

LIVE_SHARE = 0.1
"""Share of the hourly limit that batch work leaves to the live lane if telephony is active."""


class Statements(Protocol):
    """What a budget needs of a database session."""

    def execute(self, query: Any, params: Any = None) -> Cursor[Any]:
        """Execute a statement in a transaction of its own."""

    def execute_at_once(self, statement: str, values: dict[str, Any]) -> Cursor[Any]:
        """Do so in one round trip."""


class PostgresRequestBudget:
    """A ``RequestBudget`` in ``megaplan_sync.request_budgets``.

    :param connection: in autocommit mode; no transaction may be open in it
    :param account: label of the account
    :param requests_per_second: of all processes together
    :param requests_per_hour: limit for any sixty minutes
    :param reserved_share: share of the hourly limit that this process leaves to others
    :param longest_wait_seconds: for one request
    :param seconds: no request is allowed later than this from now; None means no end
    """

    def __init__(
        self,
        connection: Statements,
        account: str,
        *,
        requests_per_second: float,
        requests_per_hour: int,
        reserved_share: float = 0.0,
        longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
        seconds: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._account = account
        self._longest_wait_seconds = longest_wait_seconds
        self._sleep = sleep
        self._lock = Lock()
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self._requests_per_hour = max(1, int(requests_per_hour * (1 - reserved_share)))
        self._limits = {
            "account": account,
            "requests_per_second": requests_per_second,
            "requests_per_hour": self._requests_per_hour,
            "longest_wait_seconds": longest_wait_seconds,
            "ahead_seconds": 0.0,
            "ignores_block": False,
        }
        connection.execute(read_sql("create_request_budget"), {"account": account})

    def acquire(self) -> None:
        """Wait until one request may be sent.

        :raises WorkPausedError: that would take more than a minute, or the time given is over
        """
        waited = 0.0
        while True:
            if self._ends_at is not None and time.monotonic() >= self._ends_at:
                raise WorkPausedError(self._account, "its time in this run is used up")
            with self._lock:
                row = self._connection.execute_at_once(read_sql("spend_request"), self._limits).fetchone()
                if row is not None:
                    break
                spent, wait_seconds = self._state()
            wait_seconds = max(wait_seconds, 0.05)
            if waited + wait_seconds > self._longest_wait_seconds:
                reason = "Megaplan has answered 429, or other runs wait for its requests"
                if spent >= self._requests_per_hour:
                    reason = (
                        f"the {self._requests_per_hour} requests of the hour (requests_per_hour) are spent"
                    )
                raise WorkPausedError(self._account, reason, wait_seconds)
            if wait_seconds > 5:
                log.info(
                    "Account %s: the request budget is spent, waiting %.0f s", self._account, wait_seconds
                )
            waited += wait_seconds
            self._sleep(wait_seconds)
        if row[0] > 0:
            self._sleep(row[0])

    def back_off(self, seconds: float) -> None:
        """Make every process of this account wait: Megaplan answered 429."""
        with self._lock:
            self._connection.execute(
                read_sql("block_request_budget"), {"account": self._account, "seconds": seconds}
            )

    def remaining(self) -> int:
        """Return how many requests are left in the hour."""
        with self._lock:
            spent, _ = self._state()
        return max(0, self._requests_per_hour - spent)

    def _state(self) -> tuple[int, float]:
        """Return the requests of the hour, and the seconds until the next one may be taken."""
        row = self._connection.execute(read_sql("select_request_budget"), self._limits).fetchone()
        if row is None:
            return 0, 0.0
        spent, wait_seconds, queue_seconds = row
        return int(spent), max(float(wait_seconds), float(queue_seconds) - self._longest_wait_seconds)
