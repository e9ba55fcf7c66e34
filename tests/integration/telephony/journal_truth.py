"""What Megaplan's journal and todo list should say of a call, computed from what the emulated exchange knows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .two_sides import FIRST_EMPLOYEE

STRANGER = 510
"""Has a number in UIS and none in Megaplan."""
_TITLES = {
    "in": "Входящий звонок",
    "miss": "Пропущенный звонок",
    "out": "Исходящий звонок",
    "fail": "Исходящий звонок без ответа",
}
Truth = Mapping[str, Any]


def is_told(truth: Truth) -> bool:
    """Return whether Megaplan should have a call: not internal ones, nor those of employees whom only UIS knows."""
    if truth["is_internal"]:
        return False
    involved = set(truth["talked"] or truth["employees"])
    return not involved or involved != {STRANGER}


def type_of(truth: Truth) -> str:
    kinds = {("in", False): "in", ("in", True): "miss", ("out", False): "out", ("out", True): "fail"}
    return kinds[truth["direction"], truth["is_lost"]]


def employees_of(truth: Truth) -> set[str | None]:
    """Return whose call it is: who talked last, or, if nobody talked, one of those who were rung."""
    talked = [one for one in truth["talked"] if one != STRANGER]
    involved = talked[-1:] if talked else [one for one in truth["employees"] if one != STRANGER]
    return {str(FIRST_EMPLOYEE + one - 501) for one in involved} or {None}


def journal_entry(truth: Truth) -> dict[str, Any]:
    """Return the call object, without its id and its employee."""
    ours, theirs = ("from", "to") if truth["direction"] == "out" else ("to", "from")
    return {
        "type": type_of(truth),
        "state": "finished",
        f"{theirs}Phone": truth["contact_phone_number"],
        f"{ours}Phone": truth["virtual_phone_number"],
        "timeFrom": _moment(truth["started"]),
        "timeTo": _moment(truth["finished"]),
        "recordLinks": sorted(one["link"] for one in truth["recordings"]),
    }


def journal_entry_in_megaplan(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of a call object that Megaplan has."""
    names = ("type", "state", "fromPhone", "toPhone")
    times = {name: call[name] and call[name]["value"] for name in ("timeFrom", "timeTo")}
    return {**{name: call[name] for name in names}, **times, "recordLinks": sorted(call["recordLinks"])}


def todo(truth: Truth, status: str, call_info_id: str, client: str | None) -> dict[str, Any]:
    """Return the communication, without its id, its employee and the length of the talk."""
    began = datetime.fromtimestamp(int(truth["started"]), UTC)
    return {
        "name": f"{_TITLES[type_of(truth)]} +{truth['contact_phone_number']}",
        "status": status,
        "from": began.isoformat(),
        "to": (began + timedelta(hours=2)).isoformat(),
        "call": call_info_id,
        "client": client,
        "links": sorted(one["link"] for one in truth["recordings"]),
        "category": "call",
    }


def todo_in_megaplan(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of a communication that Megaplan has."""
    related: dict[str, list[str]] = {}
    for each in found["relations"]:
        kind = "call" if each["contentType"] == "CallInfo" else "client"
        related.setdefault(kind, []).append(each["id"])
    (call,), clients = related["call"], related.get("client", [])
    words = found["description"].replace("<br>", " ").split()
    return {
        "name": found["name"],
        "status": found["status"]["masterType"],
        "from": found["when"]["from"]["value"],
        "to": found["when"]["to"]["value"],
        "call": call,
        "client": ",".join(clients) or None,
        "links": sorted(word for word in words if word.startswith("http")),
        "category": found["category"]["masterType"],
    }


def employee_in(link: Mapping[str, Any] | None) -> str | None:
    return None if link is None else str(link["id"])


def _moment(timestamp: float) -> str:
    return datetime.fromtimestamp(int(timestamp), UTC).isoformat()
