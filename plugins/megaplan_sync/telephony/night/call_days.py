"""Which days of calls a night compares: the account's own days, from midnight to midnight."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql

WHOLE_DAYS_BACK = 2
"""So many days are compared anew every night: rows of the report and recordings may come late."""
_LONGEST_GAP_DAYS = 14


class DateRange(NamedTuple):
    """From one moment, included, to another, not included."""

    start: datetime
    end: datetime


def ranges_to_compare(
    connection: Connection[Any], account: str, zone: ZoneInfo, now: datetime, since: date | None
) -> list[DateRange]:
    """Return what is to be compared, oldest first.

    That is everything since two whole days before the last night that came to its end, and the days of older calls
    that have changed since: events may come late.

    :param now: where the last date_range ends
    :param since: the first day, if a person names it; then only what lies behind it
    """
    if since is not None:
        return [DateRange(midnight(since, zone), now)] if midnight(since, zone) < now else []
    row = connection.execute(read_sql("select_last_call_comparison"), {"account": account}).fetchone()
    last = row[0] if row else None
    newest = min(now, last or now).astimezone(zone).date()
    first = newest - timedelta(days=WHOLE_DAYS_BACK)
    asked = {"account": account, "timezone": zone.key, "since": last, "before": midnight(first, zone)}
    older = [day for (day,) in connection.execute(read_sql("select_days_of_changed_calls"), asked)]
    return [*merged_days(older, zone), DateRange(midnight(first, zone), now)]


def merged_days(days: Iterable[date], zone: ZoneInfo) -> list[DateRange]:
    """Put single days together, so that a few requests do for many of them."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and (day - runs[-1][-1]).days <= _LONGEST_GAP_DAYS:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [DateRange(midnight(run[0], zone), midnight(run[-1] + timedelta(days=1), zone)) for run in runs]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time(), zone)
