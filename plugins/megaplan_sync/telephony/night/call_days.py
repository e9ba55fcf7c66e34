"""Which days a reconciliation run compares: whole days in the account's time zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql

WHOLE_DAYS_BACK = 2
"""So many days are compared again every night, as report rows and recordings may arrive late."""
_LONGEST_GAP_DAYS = 14


class DateRange(NamedTuple):
    """From ``start``, inclusive, to ``end``, exclusive."""

    start: datetime
    end: datetime


def ranges_to_compare(
    connection: Connection[Any], account: str, zone: ZoneInfo, now: datetime, since: date | None
) -> list[DateRange]:
    """Return the date ranges to compare, oldest first.

    These are everything since two whole days before the last completed night, and the days of older calls that have
    changed since then.

    :param now: end of the last range
    :param since: first day, if given by a person; then everything since that day
    """
    if since is not None:
        return [DateRange(midnight(since, zone), now)] if midnight(since, zone) < now else []
    row = connection.execute(read_sql("select_last_call_comparison"), {"account": account}).fetchone()
    last = row[0] if row else None
    newest = min(now, last or now).astimezone(zone).date()
    first = newest - timedelta(days=WHOLE_DAYS_BACK)
    parameters = {"account": account, "timezone": zone.key, "since": last, "before": midnight(first, zone)}
    older = [day for (day,) in connection.execute(read_sql("select_days_of_changed_calls"), parameters)]
    return [*merged_days(older, zone), DateRange(midnight(first, zone), now)]


def merged_days(days: Iterable[date], zone: ZoneInfo) -> list[DateRange]:
    """Merge days that are close to each other, to save requests."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and (day - runs[-1][-1]).days <= _LONGEST_GAP_DAYS:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [DateRange(midnight(run[0], zone), midnight(run[-1] + timedelta(days=1), zone)) for run in runs]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the beginning of a day."""
    return datetime.combine(day, time(), zone)
