"""Calculates from the logs of both emulators how fast the card of a call follows the telephones."""

from collections.abc import Mapping, Sequence
from typing import Any

Popups = Mapping[str, Sequence[Mapping[str, Any]]]


def card_after_ringing(call: int, events: Sequence[Mapping[str, Any]], popups: Popups) -> int | None:
    """Return the milliseconds from the first ring to the card; None while it is missing.

    :param events: of UIS, by its clock
    :param popups: of Megaplan, by employee
    """
    rang = telephones_rung(call, events)
    opened = [entry["at"] for entry in _shown(call, popups) if entry["event"] == "open"]
    return _milliseconds(rang[0], opened[0]) if rang and opened else None


def card_after_answer(call: int, events: Sequence[Mapping[str, Any]], popups: Popups) -> int | None:
    """Return the milliseconds from the answer until the card says so, on one screen only; None before."""
    answered = _times(call, events, "talk_started")
    shown = _shown(call, popups)
    talking = [entry["at"] for entry in shown if entry["state"] == "talking"]
    last = {entry["employee"]: entry for entry in shown}
    screens = [entry for entry in last.values() if entry["event"] != "close"]
    if not answered or not talking or len(screens) > 1:
        return None
    moved = [entry["at"] for entry in shown if entry["event"] == "close" and entry["at"] >= answered[0]]
    return _milliseconds(answered[0], max(talking[0], *moved[:1]) if moved else talking[0])


def telephones_rung(call: int, events: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return when the telephones of a call began to ring, in order."""
    return sorted(_times(call, events, "call_proceeding"))


def _times(call: int, events: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [event["time"] for event in events if event["call_session_id"] == call and event["event"] == name]


def _shown(call: int, popups: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Return what the screens showed of a call, in order."""
    found = [
        entry
        for entries in popups.values()
        for entry in entries
        if str(entry["providerId"]).partition("/")[0] == str(call)
    ]
    return sorted(found, key=lambda entry: float(entry["at"]))


def _milliseconds(began: float, shown: float) -> int:
    return round((shown - began) * 1000)
