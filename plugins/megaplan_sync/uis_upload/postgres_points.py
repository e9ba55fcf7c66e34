"""The points of a cabinet, shared by all processes and runs through Postgres."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from threading import Lock
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from megaplan_sync.kernel.sql import read_sql
from uis_hook.jsonrpc import Api
from uis_hook.limits import PERIODS, LimitPeriod, Limits, LimitWindow
from uis_hook.points import no_points_left


class PostgresPoints:
    """A :class:`uis_hook.points.PointsBudget` in ``uis.points``: believes the last answer that any process got.

    Only successful calls are charged, so nothing is counted here.

    :param connection: a connection of its own, in autocommit mode
    :param longest_wait_seconds: a longer wait is refused
    :param reserved_share: of the day's points, left to others (0.1: the last tenth)
    """

    def __init__(
        self,
        connection: Connection[Any],
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
        """Return when so many points may be spent; blocks for a short wait.

        :raises UisLimitExceededError: when new points come too late to wait for them
        """
        while (waiting := self._wait(api, points)) is not None:
            period, seconds, limits = waiting
            if seconds > self._longest_wait_seconds:
                raise no_points_left(method, period, seconds, limits)
            self._sleep(min(seconds, 60.0))

    def observe(self, api: Api, limits: Limits) -> None:
        """Write down what an answer told, for everybody."""
        self._execute("save_points", api, limits=Jsonb(asdict(limits)))

    def back_off(self, api: Api, seconds: float) -> None:
        """Let everybody wait: UIS said limit_exceeded."""
        self._execute("block_points", api, seconds=seconds)

    def _wait(self, api: Api, points: int) -> tuple[LimitPeriod | None, float, Limits | None] | None:
        row = self._execute("select_points", api)
        if row is None:
            return None
        told, age, blocked = row
        limits = _limits(told, float(age or 0.0))
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
        asked = {"uis_conn_id": self._uis_conn_id, "api": api, **values}
        with self._lock:
            cursor = self._connection.execute(read_sql(statement), asked)
            return cursor.fetchone() if cursor.description else None


def _limits(told: Any, age_seconds: float) -> Limits | None:
    """Return what is left of what was told so long ago: a period that has ended since says nothing any more."""
    if not isinstance(told, dict):
        return None
    windows: dict[str, LimitWindow | None] = {}
    for period in PERIODS:
        window = LimitWindow(**told[period]) if isinstance(told.get(period), dict) else None
        if window is not None and window.reset_seconds is not None:
            left = window.reset_seconds - age_seconds
            window = LimitWindow(window.limit, window.remaining, left) if left > 0 else None
        windows[period] = window
    return Limits(**windows)
