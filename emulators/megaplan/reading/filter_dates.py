"""Date conditions of filters: four shapes of value, all turned into an interval of time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ..data.values import ACCOUNT_ZONE, local_midnight, parse_date_only, parse_moment
from ..errors import WrongTypeError

Interval = tuple[float, float]

_UNION = "DateOnly|IntervalDates|IntervalTime|FilterTermDateValue"
_MODES = frozenset(
    [
        "past",
        "current",
        "next",
        "before",
        "before_or_equal",
        "later",
        "later_or_equal",
        "later_on",
        "before_on",
        "later_from",
        "before_from",
    ]
)
_UNIT_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "workDay": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "quarter": 91 * 86_400,
    "year": 365 * 86_400,
}
_EVER = float("inf")


def read_interval(value: Any, now: float) -> Interval:
    """Return the first and the last second a date condition allows.

    :raises UnprocessableError: the value is none of the four documented shapes.
    """
    kind = value.get("contentType") if isinstance(value, dict) else None
    if kind == "DateOnly":
        return _days(value, value)
    if kind == "IntervalDates":
        return _days(value.get("from"), value.get("to"))
    if kind == "IntervalTime":
        return _moment(value.get("from"), -_EVER), _moment(value.get("to"), _EVER)
    if kind == "FilterTermDateValue":
        return _relative(value, now)
    raise _refusal(value)


def _refusal(value: Any) -> WrongTypeError:
    return WrongTypeError(value, _UNION, "filter", trace_bytes=60_000)


def _days(first: Any, last: Any) -> Interval:
    start, end = parse_date_only(first), parse_date_only(last)
    if (first is not None and start is None) or (last is not None and end is None):
        raise _refusal(first if start is None else last)
    from_time = -_EVER if start is None else local_midnight(start)
    return from_time, _EVER if end is None else local_midnight(end + timedelta(days=1)) - 1


def _moment(value: Any, absent: float) -> float:
    if value is None:
        return absent
    moment = parse_moment(value)
    if moment is None:
        raise _refusal(value)
    return moment


def _relative(value: dict[str, Any], now: float) -> Interval:
    mode, unit, amount = value.get("mode"), value.get("unit"), value.get("value")
    if mode not in _MODES:
        raise _refusal(value)
    if mode in {"past", "next", "current", "later_on", "before_on", "later_from", "before_from"}:
        if unit not in _UNIT_SECONDS:
            raise _refusal(value)
        return _by_units(mode, unit, amount, now)
    start, end = _days(amount, amount)
    return {
        "before": (-_EVER, start - 1),
        "before_or_equal": (-_EVER, end),
        "later": (end + 1, _EVER),
        "later_or_equal": (start, _EVER),
    }[mode]


def _by_units(mode: str, unit: str, amount: Any, now: float) -> Interval:
    if mode == "current":
        return _calendar_unit(unit, now)
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise WrongTypeError(amount, "integer", "filter")
    span = amount * _UNIT_SECONDS[unit]
    return {
        "past": (now - span, now),
        "next": (now, now + span),
        "later_on": (now + span, _EVER),
        "later_from": (now - span, _EVER),
        "before_on": (-_EVER, now - span),
        "before_from": (-_EVER, now + span),
    }[mode]


def _calendar_unit(unit: str, now: float) -> Interval:
    local = datetime.fromtimestamp(now, ACCOUNT_ZONE)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit in {"second", "minute", "hour"}:
        size = _UNIT_SECONDS[unit]
        return now // size * size, now // size * size + size - 1
    if unit == "week":
        start = midnight - timedelta(days=midnight.weekday())
        return start.timestamp(), start.timestamp() + 7 * 86_400 - 1
    if unit in {"day", "workDay"}:
        return midnight.timestamp(), midnight.timestamp() + 86_399
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = (midnight.month - 1) // months * months
    start = midnight.replace(month=first + 1, day=1)
    after = first + months
    end = start.replace(year=start.year + after // 12, month=after % 12 + 1)
    return start.astimezone(UTC).timestamp(), end.timestamp() - 1
