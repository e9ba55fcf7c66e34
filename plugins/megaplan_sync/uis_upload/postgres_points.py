"""The points of a cabinet, shared by all processes and runs through Postgres."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from threading import Lock
from typing import Any

from psycopg.types.json import Jsonb

from megaplan_sync.kernel.request_budget import Statements
from megaplan_sync.kernel.sql import read_sql
from uis_hook.jsonrpc import Api
from uis_hook.limits import PERIODS, LimitPeriod, Limits, LimitWindow
from uis_hook.points import SHORTEST_WAIT_SECONDS, no_points_left


class PostgresPoints:
    """A :class:`uis_hook.points.PointsBudget` in ``uis.points``: the points as of the last answer to any process.

    UIS charges successful calls only, so nothing is counted here.

    :param connection: in autocommit mode; no transaction may be open in it
    :param longest_wait_seconds: raise an error instead of waiting longer
    :param reserved_share: of the day's points, left to others (0.1: the last tenth)
    """

    def __init__(
        self,
        connection: Statements,
        uis_conn_id: str,
        *,
        longest_wait_seconds: float,
        reserved_share: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._uis_conn_id = uis_conn_id
        self._longest_wait_seconds = longest_wait_seconds
        self._reserved_share = reserved_share
        self._sleep = sleep
        self._lock = Lock()

    def acquire(self, api: Api, method: str, points: int) -> None:
        """Wait until the points may be spent.

        :raises UisLimitExceededError: the wait would be too long
        """
        waited = 0.0
        while (waiting := self._wait(api, points)) is not None:
            period, seconds, limits = waiting
            if waited + seconds > self._longest_wait_seconds:
                raise no_points_left(method, period, seconds, limits)
            wait = min(max(seconds, SHORTEST_WAIT_SECONDS), 60.0)
            waited += wait
            self._sleep(wait)

    def observe(self, api: Api, limits: Limits) -> None:
        """Save the limits of an answer for all processes."""
        self._execute("save_points", api, limits=Jsonb(asdict(limits)))

    def back_off(self, api: Api, seconds: float) -> None:
        """Make everybody wait: UIS answered limit_exceeded."""
        self._execute("block_points", api, seconds=seconds)

    def _wait(self, api: Api, points: int) -> tuple[LimitPeriod | None, float, Limits | None] | None:
        row = self._execute("select_points", api)
        if row is None:
            return None
        saved, age, blocked = row
        limits = _limits(saved, float(age or 0.0))
        waits: list[tuple[LimitPeriod | None, float]] = [(None, float(blocked or 0.0))]
        if limits is not None:
            day = limits.day
            if self._reserved_share and day and day.limit and day.remaining is not None:
                kept = int(day.limit * self._reserved_share)
                if day.remaining - kept < points:
                    waits.append(("day", 86_400.0 if day.reset_seconds is None else day.reset_seconds))
            if (exhausted := limits.exhausted(points)) is not None:
                waits.append(exhausted)
        period, seconds = max(waits, key=lambda each: each[1])
        return (period, seconds, limits) if seconds > 0 else None

    def _execute(self, statement: str, api: Api, **values: Any) -> Any:
        values |= {"uis_conn_id": self._uis_conn_id, "api": api}
        with self._lock:
            cursor = self._connection.execute(read_sql(statement), values)
            return cursor.fetchone() if cursor.description else None


def _limits(saved: Any, age_seconds: float) -> Limits | None:
    """Return the limits of an answer of that age, without periods that have ended since."""
    if not isinstance(saved, dict):
        return None
    windows: dict[str, LimitWindow | None] = {}
    for period in PERIODS:
        window = LimitWindow(**saved[period]) if isinstance(saved.get(period), dict) else None
        if window is not None and window.reset_seconds is not None:
            left = window.reset_seconds - age_seconds
            window = LimitWindow(window.limit, window.remaining, left) if left > 0 else None
        windows[period] = window
    return Limits(**windows)
