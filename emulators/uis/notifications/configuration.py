"""Notifications as the cabinet keeps them: name, event, conditions, handler."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .events import EVENTS
from .templates import default_body, default_query, flat_body

_KEYS = {"name", "event", "url", "method", "template", "content_type", "conditions", "active", "secret"}
# groups are OR-ed, inside a group AND
Conditions = list[list[tuple[str, str, Any]]]


@dataclass
class Notification:
    """One notification. ``template``: a body for POST, a query for GET."""

    id: int
    event: str
    url: str
    template: str
    name: str
    method: str = "POST"
    content_type: str | None = None  # None: what the knob says
    conditions: Conditions = field(default_factory=list)
    active: bool = True

    def wants(self, values: dict[str, Any]) -> bool:
        """Return whether the conditions are met."""
        return not self.conditions or any(
            all(_OPERATORS[operator](values.get(name), wanted) for name, operator, wanted in group)
            for group in self.conditions
        )


def read_notification(spec: dict[str, Any], id: int) -> list[Notification]:
    """Read a notification from JSON; ``event`` may be a list, or ``all``.

    :raises ValueError: unknown key, event or operator.
    """
    if unknown := set(spec) - _KEYS:
        raise ValueError(f"unknown keys of a notification: {', '.join(sorted(unknown))}")
    if not spec.get("url"):
        raise ValueError("a notification needs url, the address it is sent to")
    asked = spec.get("event", "all")
    events = list(EVENTS) if asked == "all" else [asked] if isinstance(asked, str) else list(asked)
    method = str(spec.get("method", "POST")).upper()
    if method not in {"GET", "POST"}:
        raise ValueError(f"method is GET or POST, not {method!r}")
    found = []
    for index, event in enumerate(events):
        if event not in EVENTS:
            raise ValueError(f"unknown event {event!r}, known: {', '.join(EVENTS)}")
        found.append(
            Notification(
                id + index,
                event,
                str(spec["url"]).replace("{event}", event),
                _template(event, method, str(spec.get("template", "default")), spec.get("secret")),
                str(spec.get("name") or f"Уведомление {id + index}"),
                method,
                spec.get("content_type"),
                _conditions(spec.get("conditions", [])),
                bool(spec.get("active", True)),
            )
        )
    return found


def _template(event: str, method: str, wanted: str, secret: str | None) -> str:
    if wanted == "default":
        return default_body(event) if method == "POST" else default_query(event)
    if wanted == "flat":
        return flat_body(event, secret)
    return wanted


def _conditions(groups: list[list[dict[str, Any]]]) -> Conditions:
    found: Conditions = []
    for group in groups:
        for one in group:
            if one["operator"] not in _OPERATORS:
                raise ValueError(f"unknown operator {one['operator']!r}, known: {', '.join(_OPERATORS)}")
        found.append([(one["parameter"], one["operator"], one.get("value")) for one in group])
    return found


def _both(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, wanted: value is not None and test(value, wanted)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": _both(lambda value, wanted: bool(value > wanted)),
    "<": _both(lambda value, wanted: bool(value < wanted)),
    "=": lambda value, wanted: bool(value == wanted),
    "starts_with": _both(lambda value, wanted: str(value).startswith(str(wanted))),
    "ends_with": _both(lambda value, wanted: str(value).endswith(str(wanted))),
    "sub": _both(lambda value, wanted: str(wanted) in str(value)),
    "in": _both(lambda value, wanted: value in wanted),
    "intersect": _both(lambda value, wanted: bool(set(value) & set(wanted))),
    "is_null": lambda value, wanted: value is None,
    "is_not_null": lambda value, wanted: value is not None,
}
