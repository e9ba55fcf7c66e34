"""What the telephony widget shows to each employee: a recorder for tests."""

import time
from typing import TYPE_CHECKING, Any

from .phone_book import phone_digits
from .records import Record
from .values import iso

if TYPE_CHECKING:
    from .store import Store

_OUTGOING = frozenset({"out", "fail"})


class Popups:
    """Events of the widget by employee, in order.

    Each is ``{"event", "employee", "callId", "providerId", "type", "state", "phone", "client", "clients",
    "recordLinks", "time", "at"}``: ``event`` is ``open`` when a call first concerns this employee, ``close``
    when it has finished or concerns somebody else, ``change`` for whatever comes in between or later;
    ``client`` is a link to the contractor of the call, else to the first one found by the number, else null;
    ``clients`` links to everybody found; ``time`` is the account's clock, ``at`` seconds of the real one.
    """

    def __init__(self) -> None:
        self.events: dict[str, list[dict[str, Any]]] = {}
        self._shown: dict[int | str, dict[str, bool]] = {}  # call -> employee -> still on the screen

    def clear(self) -> None:
        """Forget the events, not which calls are on whose screen."""
        self.events.clear()

    def call_changed(self, store: "Store", call: Record) -> None:
        """Show a call, in its present state, to the employee it concerns, and take it from others."""
        employee = concerned_employee(call)
        now_with = None if employee is None else str(employee.id)
        shown = self._shown.setdefault(call.id, {})
        for other in [other for other, is_open in shown.items() if is_open and other != now_with]:
            shown[other] = False
            self._record(store, call, other, "close")
        if now_with is None:
            return
        finished = call.data["state"] == "finished"
        event = "open" if now_with not in shown else "close" if finished and shown[now_with] else "change"
        shown[now_with] = not finished
        self._record(store, call, now_with, event)

    def on_screen_of(self, store: "Store", employee: str) -> list[Record]:
        """Return the calls whose pop-ups this employee sees now, the oldest first."""
        calls = (store.find("CallInfo", call) for call, shown in self._shown.items() if shown.get(employee))
        return [call for call in calls if call is not None]

    def _record(self, store: "Store", call: Record, employee: str, event: str) -> None:
        found = clients_by_phone(store, call)
        client = contractor_of(call) or next(iter(found), None)
        entry = {
            "event": event,
            "employee": employee,
            "callId": str(call.id),
            "providerId": call.data.get("providerId"),
            "type": call.data["type"],
            "state": call.data["state"],
            "phone": client_phone(call),
            "client": None if client is None else client.link(),
            "clients": [row.link() for row in found],
            "recordLinks": call.data.get("recordLinks", []),
            "time": iso(store.clock.second()),
            "at": time.time(),
        }
        self.events.setdefault(employee, []).append(entry)


def is_outgoing(call: Record) -> bool:
    """Return whether our side rang the client."""
    return call.data["type"] in _OUTGOING


def concerned_employee(call: Record) -> Record | None:
    """Return whose widget a call belongs to: who is called, for outgoing calls who calls."""
    sides = [call.data.get("fromUser"), call.data.get("toUser")]
    first = sides[0] if is_outgoing(call) else sides[1]
    if call.data["type"] == "unknown" and (first is None or first.content_type != "Employee"):
        first = sides[0]
    return first if first is not None and first.content_type == "Employee" else None


def client_phone(call: Record) -> str | None:
    """Return the number of the client's side as it was given."""
    phone: str | None = call.data.get("toPhone" if is_outgoing(call) else "fromPhone")
    return phone


def contractor_of(call: Record) -> Record | None:
    """Return the contractor that the call itself names."""
    sides = (call.data.get("fromUser"), call.data.get("toUser"))
    return next((side for side in sides if side is not None and side.content_type != "Employee"), None)


def clients_by_phone(store: "Store", call: Record) -> list[Record]:
    """Return the contractors that have the number of the client's side."""
    digits = phone_digits(client_phone(call))
    found = store.phone_book.find(digits) if digits else []
    return [row for row in found if row.content_type != "Employee"]
