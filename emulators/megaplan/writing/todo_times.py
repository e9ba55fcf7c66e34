"""The ``when`` of a todo: which of the date formats used by clients this account accepts."""

import re
from typing import Any

from ..data.store import Store
from ..data.values import date_time, local_midnight, parse_date_only, parse_timestamp
from ..errors import WrongTypeError

_DAY = 86_400
# One client writes the first form in production; another one was refused for every ISO form it tried.
_FORMATS = {
    "kp10": re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,6} UTC$"),
    "iso": re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$"),
    "spaced": re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"),
}


def read_when(store: Store, value: Any) -> tuple[Any, int | None, int | None]:
    """Read an interval of times or of days: its printed form and its first and last second.

    :raises UnprocessableError: no interval, or dates in a form that the knob ``todo_when_accept`` lacks.
    """
    if value is None:
        return None, None, None
    if isinstance(value, dict) and store.knobs.todo_when_accept != "reject_all":
        if value.get("contentType") == "IntervalTime":
            times = [_moment(store, value.get(name)) for name in ("from", "to")]
            if times[0] is not None and times[1] is not None:
                return interval_time(times[0], times[1]), times[0], times[1]
        if value.get("contentType") == "IntervalDates":
            days = [parse_date_only(value.get(name)) for name in ("from", "to")]
            if days[0] is not None and days[1] is not None:
                return value, local_midnight(days[0]), local_midnight(days[1]) + _DAY - 1
    raise WrongTypeError(value, "IntervalDates|IntervalTime", "when")


def interval_time(start: int, end: int) -> dict[str, Any]:
    """Return an IntervalTime object."""
    return {"contentType": "IntervalTime", "from": date_time(start), "to": date_time(end)}


def _moment(store: Store, value: Any) -> int | None:
    if not isinstance(value, dict) or value.get("contentType") != "DateTime":
        return None
    text = value.get("value")
    taken = store.knobs.todo_when_accept.split(",")
    good = isinstance(text, str) and any(
        pattern.match(text) for name, pattern in _FORMATS.items() if name in taken
    )
    return parse_timestamp(text) if good else None
