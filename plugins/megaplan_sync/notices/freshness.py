"""Opens an incident for each account whose tables have not been refreshed in time.

Airflow's deadlines know runs, not tables, and say nothing while the scheduler is dead. What counts here is when each
table was last read successfully, as Postgres knows it.
"""

from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.errors import UndefinedTable

from megaplan_sync.kernel.incidents import dag_link, open_incident
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.notices.sinks import NoticeSettingError

_MOST_TABLES = 5


class Promise(NamedTuple):
    """When people are told, in minutes.

    :param late_minutes: how much older a table may become than the console promises
    :param certificate_minutes: how old the nightly certificates may become
    """

    late_minutes: int = 60
    certificate_minutes: int = 30 * 60

    @classmethod
    def of(cls, connection: Any) -> "Promise":
        """Return what an Airflow connection says in its extra fields.

        :raises NoticeSettingError: it says something else than minutes
        """
        values = {}
        for name in cls._fields:
            given = connection.extra_dejson.get(name, cls._field_defaults[name])
            if isinstance(given, bool) or not str(given).isdecimal() or not 1 <= int(given) <= 1_000_000:
                raise NoticeSettingError(f"{name} is {given!r} instead of a number of minutes")
            values[name] = int(given)
        return cls(**values)


def check_freshness(connection: Connection[Any], promise: Promise) -> None:
    """Open and close the incidents of accounts."""
    try:
        rows = connection.execute(read_sql("select_stale_tables"), promise._asdict()).fetchall()
    except UndefinedTable:  # nothing was ever loaded, or the tables wait for their upgrade
        rows = []
    stale: dict[str, list[str]] = {}
    for account, entity, minutes in rows:
        stale.setdefault(account, []).append(f"{entity} ({_age(minutes)})")
    for account, tables in stale.items():
        listed = ", ".join(tables[:_MOST_TABLES])
        more = f" and {len(tables) - _MOST_TABLES} more" if len(tables) > _MOST_TABLES else ""
        is_night = all(each.startswith("certificates") for each in tables)
        dag_id = "megaplan_reconciliation" if is_night else "megaplan_deals_sync"
        open_incident(
            connection,
            "stale",
            account,
            remedy=f"Not refreshed for too long: {listed}{more}. See whether {dag_id} is paused or fails, and "
            "whether Airflow's scheduler and workers are alive.",
            link=dag_link(dag_id),
        )
    connection.execute(read_sql("close_fresh"), {"stale": list(stale)})


def _age(minutes: int) -> str:
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
