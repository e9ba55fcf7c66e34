"""Megaplan's value types, read and written (RAML of build r2510; payloads of a live account)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

DateTimeFormat = Literal["iso_offset", "spaced", "kp10"]


class Money(NamedTuple):
    """An amount in the entity's own currency; the rate frozen beside it is not kept here."""

    value: Decimal
    currency: str | None


def date_only_to_date(value: Mapping[str, Any] | None) -> date | None:
    """Read a ``DateOnly``, whose months count from 0.

    ``{"contentType": "DateOnly", "year": 2026, "month": 8, "day": 21}`` is 21 September.

    :raises ValueError: when the three numbers are no date.
    """
    if not value:
        return None
    return date(int(value["year"]), int(value["month"]) + 1, int(value["day"]))


def date_to_date_only(day: date) -> dict[str, Any]:
    """Write a date as Megaplan's ``DateOnly``, whose months count from 0."""
    return {"contentType": "DateOnly", "year": day.year, "month": day.month - 1, "day": day.day}


def datetime_value(value: Mapping[str, Any] | str | None) -> datetime | None:
    """Read a ``DateTime`` as an aware moment in UTC.

    ``{"contentType": "DateTime", "value": "2026-09-21T09:15:00+00:00"}``, or its text alone. Megaplan answers
    in UTC; a value without offset is taken as UTC.

    :raises ValueError: when the text is no moment.
    """
    text = value.get("value") if isinstance(value, Mapping) else value
    if not text:
        return None
    moment = datetime.fromisoformat(str(text).strip().replace(" UTC", "+00:00"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def datetime_for_write(moment: datetime, datetime_format: DateTimeFormat = "iso_offset") -> dict[str, str]:
    """Write an aware moment as a ``DateTime``, always in UTC.

    Which of the formats an account accepts is not documented; see the quirk ``datetime_write_format``.

    :raises ValueError: for a moment without a zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be sent to Megaplan")
    moment = moment.astimezone(UTC)
    if datetime_format == "iso_offset":
        text = moment.isoformat(timespec="seconds")
    elif datetime_format == "spaced":
        text = moment.strftime("%Y-%m-%d %H:%M:%S")
    elif datetime_format == "kp10":
        text = moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    else:
        raise ValueError(f"unknown format {datetime_format!r}")
    return {"contentType": "DateTime", "value": text}


def day_in_zone(value: Mapping[str, Any] | str | None, zone: ZoneInfo) -> date | None:
    """Read a ``DateTime`` that means a day: it comes as the account's local midnight, written in UTC.

    ``2025-10-12T21:00:00+00:00`` is 13 October in Moscow (seen in a live payload).
    """
    moment = datetime_value(value)
    return None if moment is None else moment.astimezone(zone).date()


def money_value(value: Mapping[str, Any] | None) -> Money | None:
    """Read a ``Money`` as an exact number and its ISO currency code."""
    if not value or value.get("value") is None:
        return None
    currency = value.get("currency")
    return Money(Decimal(str(value["value"])), None if currency is None else str(currency))
