"""An account's request budget, shared by all processes through Postgres.

pyrate-limiter's Postgres bucket was considered: it locks the whole table for each request and cannot reserve a share
for the live lane. Here a request is one atomic ``UPDATE … RETURNING`` of one row.
"""

import logging
import time
from collections.abc import Callable
from threading import Lock

from megaplan_sync.kernel.exceptions import RequestBudgetBusyError
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 7200.0
"""For one request; the budget of an hour is free again after an hour."""

LIVE_SHARE = 0.1
"""Share of the hourly limit that batch work leaves to the live lane if telephony is active."""


class PostgresRequestBudget:
    """A ``RequestBudget`` in ``megaplan_sync.request_budgets``.

    :param connection: used for nothing else, in autocommit mode
    :param account: label of the account
    :param requests_per_second: of all processes together
    :param requests_per_hour: limit for any sixty minutes
    :param reserved_share: share of the hourly limit that this process leaves to others
    :param longest_wait_seconds: for one request
    """

    def __init__(
        self,
        connection: Session,
        account: str,
        *,
        requests_per_second: float,
        requests_per_hour: int,
        reserved_share: float = 0.0,
        longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._account = account
        self._longest_wait_seconds = longest_wait_seconds
        self._sleep = sleep
        self._lock = Lock()
        self._requests_per_hour = max(1, int(requests_per_hour * (1 - reserved_share)))
        self._limits = {
            "account": account,
            "requests_per_second": requests_per_second,
            "requests_per_hour": self._requests_per_hour,
            "longest_wait_seconds": None,
            "ignores_block": False,
        }
        connection.execute(read_sql("create_request_budget"), {"account": account})

    def acquire(self) -> None:
        """Wait until one request may be sent.

        :raises RequestBudgetBusyError: the longest wait was not enough
        """
        waited = 0.0
        while True:
            with self._lock:
                row = self._connection.execute_at_once(read_sql("spend_request"), self._limits).fetchone()
                if row is not None:
                    break
                _, wait_seconds = self._state()
            wait_seconds = min(max(wait_seconds, 0.05), 60.0)
            if wait_seconds > 5:
                log.info(
                    "Account %s: the request budget is spent, waiting %.0f s", self._account, wait_seconds
                )
            waited += wait_seconds
            if waited > self._longest_wait_seconds:
                raise RequestBudgetBusyError(self._account, self._longest_wait_seconds)
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
        row = self._connection.execute(read_sql("select_request_budget"), self._limits).fetchone()
        if row is None:
            return 0, 0.0
        return int(row[0]), float(row[1])
