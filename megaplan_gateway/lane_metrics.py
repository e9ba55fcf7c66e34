"""Prometheus metrics of all lanes, measured in Postgres: freshness, budgets, certificates, inbox, outbox, uploads.

They are sums over all accounts, so their number does not grow with the accounts, and they name none.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Gauge
from psycopg import Error
from psycopg.errors import InvalidSchemaName, UndefinedTable
from psycopg.rows import dict_row

from megaplan_gateway.database import WAIT_SECONDS, Pool, in_time
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

FRESH_SECONDS = 15.0
"""How long measured values are shown again, however often somebody asks."""
_LONGEST_SECONDS = 10.0
_GONE = (UndefinedTable, InvalidSchemaName)
"""The lane has never run, so its tables are not there."""


@dataclass(frozen=True)
class Measurement:
    """A statement whose columns become gauges.

    :param gauges: names and descriptions by column
    :param labels: the other columns
    """

    statement: str
    gauges: Mapping[str, tuple[str, str]]
    labels: tuple[str, ...] = field(default=())


MEASUREMENTS = (
    Measurement(
        "measure_syncs",
        {
            "accounts": ("megaplan_accounts", "Accounts whose list has been read, or is being read"),
            "unfinished": ("megaplan_first_loads", "Accounts whose first load of a list is not finished"),
            "oldest_seconds": ("megaplan_sync_age_seconds", "Time since the list was read, oldest account"),
            "median_seconds": ("megaplan_sync_age_median_seconds", "The same, of the median account"),
        },
        labels=("entity",),
    ),
    Measurement(
        "measure_pauses",
        {"accounts": ("megaplan_paused_accounts", "Accounts whose reading has paused within an hour")},
    ),
    Measurement(
        "measure_budgets",
        {
            "spent": ("megaplan_requests_in_hour", "Requests to Megaplan in the last hour"),
            "most": ("megaplan_requests_in_hour_most", "The same, of the account with the most"),
            "blocked": ("megaplan_blocked_accounts", "Accounts that pause after a 429"),
        },
    ),
    Measurement(
        "measure_certificates",
        {
            "accounts": (
                "megaplan_certified_accounts",
                "Accounts by the verdict of their newest certificate",
            ),
            "unresolved": ("megaplan_unresolved_rows", "Rows that these certificates leave unresolved"),
            "oldest_seconds": ("megaplan_certificate_age_seconds", "Age of the oldest of these certificates"),
        },
        labels=("entity", "verdict"),
    ),
    Measurement(
        "measure_inbox",
        {
            "waiting": ("megaplan_inbox_waiting", "Messages that wait to be processed"),
            "oldest_seconds": ("megaplan_inbox_lag_seconds", "Age of the oldest of them"),
        },
        labels=("kind",),
    ),
    Measurement(
        "measure_outbox",
        {
            "deliveries": ("megaplan_outbox_deliveries", "Deliveries that are open or have failed (parked)"),
            "overdue_seconds": ("megaplan_outbox_overdue_seconds", "How long the first of them is overdue"),
        },
        labels=("stage", "state"),
    ),
    Measurement(
        "measure_uploads",
        {
            "failed": ("megaplan_uis_upload_failed", "Deals and directory rows that UIS has refused"),
            "in_flight": ("megaplan_uis_upload_in_flight", "Deals whose upload has no known outcome yet"),
        },
    ),
    Measurement(
        "measure_transactions",
        {"seconds": ("megaplan_oldest_transaction_seconds", "Age of the oldest open transaction")},
    ),
)


class LaneMetrics:
    """Measures when somebody asks, at most every fifteen seconds.

    :param pool: of the raw tables' database
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = asyncio.Lock()
        self._measured_at = float("-inf")
        self.registry = CollectorRegistry()
        self._gauges = {
            name: Gauge(name, text, measurement.labels, registry=self.registry)
            for measurement in MEASUREMENTS
            for name, text in measurement.gauges.values()
        }
        self._failed = Gauge(
            "megaplan_measurement_failed",
            "1 if the values of this statement are missing, because Postgres did not answer or refused it",
            ["statement"],
            registry=self.registry,
        )

    async def refresh(self) -> None:
        """Measure again if the values are old; values of lanes that have never run are left out."""
        async with self._lock:
            if time.monotonic() - self._measured_at < FRESH_SECONDS:
                return
            for measurement in MEASUREMENTS:
                await self._measure(measurement)
            self._measured_at = time.monotonic()

    async def _measure(self, measurement: Measurement) -> None:
        failed = False
        rows: list[dict[str, object]] = []
        try:
            rows = await in_time(_LONGEST_SECONDS, self._rows(measurement.statement))
        except _GONE:
            pass
        except (Error, TimeoutError, OSError) as error:
            log.warning("%s: %s", measurement.statement, str(error).split("\n")[0])
            failed = True
        self._failed.labels(measurement.statement).set(failed)
        for column, (name, _) in measurement.gauges.items():
            gauge = self._gauges[name]
            if measurement.labels:
                gauge.clear()
            elif not rows:
                gauge.set(float("nan"))
            for row in rows:
                labels = [str(row[label]) for label in measurement.labels]
                (gauge.labels(*labels) if labels else gauge).set(float(str(row[column])))

    async def _rows(self, statement: str) -> list[dict[str, object]]:
        async with (
            self._pool.connection(timeout=WAIT_SECONDS) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            await cursor.execute(read_sql(statement))
            return await cursor.fetchall()
