"""Megaplan's ``DateTime``, read and written (RAML of build r2510; payloads of a live account)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

DateTimeFormat = Literal["iso_offset", "spaced", "kp10"]


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
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC it lies outside the years 1 to 9999") from None


def datetime_or_none(value: Any) -> datetime | None:
    """Read a ``DateTime`` like :func:`datetime_value`; what is none is None."""
    try:
        return datetime_value(value)
    except ValueError:
        return None


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
