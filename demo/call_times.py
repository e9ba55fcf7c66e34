"""Calculates from the logs of both emulators how fast the cards follow the telephones."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Milliseconds(NamedTuple):
    """Delay between an event at UIS and what Megaplan shows."""

    first: int
    last: int
    cards: int


def cards_after_ringing(
    call: int, events: Sequence[Mapping[str, Any]], popups: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Milliseconds | None:
    """Return how long the cards took to open after the telephones began to ring; None while some are missing.

    :param events: of UIS, by its clock
    :param popups: of Megaplan, by employee; a call has one for each employee whose telephone rings
    """
    rang = _times(call, events, "call_proceeding")
    opened = [entry["at"] for entry in _shown(call, popups) if entry["event"] == "open"]
    return _later(rang, opened) if rang and len(opened) >= len(rang) else None


def card_after_answer(
    call: int, events: Sequence[Mapping[str, Any]], popups: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Milliseconds | None:
    """Return how long Megaplan took to show the answer; ``last``: until all other cards were gone."""
    answered = _times(call, events, "talk_started")[:1]
    shown = _shown(call, popups)
    talking = [entry["at"] for entry in shown if entry["state"] == "talking"][:1]
    still = {entry["employee"]: entry["event"] != "close" for entry in shown}
    if not answered or not talking or sum(still.values()) > 1:
        return None
    gone = [entry["at"] for entry in shown if entry["event"] == "close"][: len(still) - 1]
    return _later(answered, [*talking, *gone])


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


def _later(began: Sequence[float], shown: Sequence[float]) -> Milliseconds:
    delays = [round((at - min(began)) * 1000) for at in shown]
    return Milliseconds(min(delays), max(delays), len(delays))
