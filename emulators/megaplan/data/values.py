"""Value types of the API: money, dates and numbers in the JSON forms Megaplan prints."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

ACCOUNT_ZONE = timezone(timedelta(hours=3), "MSK")

_SPACED = re.compile(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)?(?: (UTC))?$")


def number(value: float) -> float | int:
    """Return whole floats as integers: PHP prints ``3100``, never ``3100.0``."""
    return int(value) if value == int(value) else value


def money(value: float, currency: str, rate: float) -> dict[str, Any]:
    """Return a Money object; ``valueInMain`` keeps the noise of float multiplication."""
    return {
        "contentType": "Money",
        "currency": currency,
        "valueInMain": number(value * rate),
        "rate": number(rate),
        "value": number(round(value, 4)),
    }


def date_only(day: date) -> dict[str, Any]:
    """Return a DateOnly object. Its month counts from zero."""
    return {"contentType": "DateOnly", "year": day.year, "month": day.month - 1, "day": day.day}


def iso(timestamp: float) -> str:
    """Return a UTC timestamp as text, whole seconds, always with ``+00:00``."""
    return datetime.fromtimestamp(int(timestamp), UTC).isoformat()


def date_time(timestamp: float | None) -> dict[str, Any] | None:
    """Return a DateTime object in UTC, or null."""
    return None if timestamp is None else {"contentType": "DateTime", "value": iso(timestamp)}


def local_midnight(day: date) -> int:
    """Return the timestamp at which ``day`` begins in the account's zone."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ACCOUNT_ZONE).timestamp())


def local_day(timestamp: float) -> date:
    """Return the calendar day of a timestamp in the account's zone."""
    return datetime.fromtimestamp(timestamp, ACCOUNT_ZONE).date()


def parse_timestamp(text: Any) -> int | None:
    """Read a date and time in any of the formats clients write; None when it is not one."""
    if not isinstance(text, str):
        return None
    if spaced := _SPACED.match(text):
        text = f"{spaced[1]}T{spaced[2]}+00:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def parse_date_only(value: Any) -> date | None:
    """Read a DateOnly object, zero-based month; None when it is not one."""
    if not isinstance(value, dict) or value.get("contentType") != "DateOnly":
        return None
    try:
        return date(int(value["year"]), int(value["month"]) + 1, int(value["day"]))
    except (KeyError, TypeError, ValueError):
        return None


def parse_moment(value: Any) -> int | None:
    """Read a DateTime object, or None."""
    if not isinstance(value, dict) or value.get("contentType") != "DateTime":
        return None
    return parse_timestamp(value.get("value"))
