"""Which pop-ups a call should have on whose screens, and what to do about those it has. Free of I/O.

The object whose ``providerId`` is the call's session is the call's record; it goes to whoever is rung first and ends
with the employee who talked. Everybody else whose phone rings has a companion (``session/employee``), which is
finished as soon as the phone stops ringing or somebody answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from megaplan_sync.telephony.calls.call import Call
from megaplan_sync.telephony.live.live_call import Attending, LiveCall

Phase = Literal["calling", "talking", "finished"]
Kind = Literal["in", "out", "miss", "fail"]
CardState = Literal["opening", "open", "closed", "given_up"]

STALE_AFTER = timedelta(seconds=30)
"""A pop-up is not opened when its reason is older: the phone rings no more, or the talk is well under way."""
LONGEST_CALL = timedelta(hours=4)
"""A call without any event for so long has lost its end on the way: its cards are closed."""


@dataclass(frozen=True)
class Card:
    """A pop-up as it stands in ``telephony.cards``."""

    provider_id: str
    is_companion: bool
    employee_id: int
    state: CardState
    sent: str | None
    call_info_id: str | None
    tries: int = 0

    @property
    def is_shown(self) -> bool:
        """Whether it is, or may be, on a screen."""
        return self.state in ("opening", "open")


@dataclass(frozen=True)
class WantedCard:
    """What a pop-up should say.

    :param employee_id: Megaplan's
    :param since: the event that is the reason for it; it is not opened long after that
    """

    provider_id: str
    is_companion: bool
    employee_id: int
    kind: Kind
    phase: Phase
    since: datetime | None = None

    @property
    def content(self) -> str:
        """Type, state and employee, to compare with ``Card.sent``."""
        return f"{self.kind} {self.phase} {self.employee_id}"


def provider_id(call_session_id: int, uis_employee_id: int | None = None) -> str:
    """Return the exchange's own id of a call's record, or of an employee's companion."""
    return str(call_session_id) if uis_employee_id is None else f"{call_session_id}/{uis_employee_id}"


def wanted_cards(
    live: LiveCall, users: Mapping[int, int], cards: Iterable[Card], now: datetime
) -> list[WantedCard]:
    """Return the pop-ups that a call should have now, the record first; of those it has, also how they end.

    :param users: Megaplan's employee by UIS's; nobody else gets a card
    :param cards: those it has
    """
    shown = {card.provider_id: card for card in cards if card.is_shown}
    call = live.call
    direction = call.direction
    if direction is None:
        return []
    wanted: list[WantedCard] = []
    if call.is_finished:
        wanted = _record_at_the_end(call, users, shown)
    elif not call.is_internal and not _has_lost_its_end(call, now):
        wanted = _while_it_goes_on(live, users, shown, direction)
    told = {one.provider_id for one in wanted}
    return wanted + [one for one in closing_all(live, shown.values()) if one.provider_id not in told]


def closing_all(live: LiveCall, cards: Iterable[Card]) -> list[WantedCard]:
    """Return the end of every pop-up that a call has."""
    return [
        WantedCard(
            card.provider_id, card.is_companion, card.employee_id, live.call.direction or "in", "finished"
        )
        for card in cards
        if card.is_shown
    ]


def to_do(
    wanted: Iterable[WantedCard], cards: Iterable[Card], now: datetime
) -> list[tuple[WantedCard, Card | None]]:
    """Return what differs from what Megaplan was told: what is to be opened (without a card), changed or finished."""
    known = {card.provider_id: card for card in cards}
    actions: list[tuple[WantedCard, Card | None]] = []
    for one in wanted:
        card = known.get(one.provider_id)
        is_fresh = one.since is not None and now - one.since <= STALE_AFTER
        if card is None or not card.is_shown:
            if one.phase != "finished" and is_fresh and (card is None or card.state == "closed"):
                actions.append((one, card))
        elif card.sent != one.content:
            actions.append((one, card))
    return actions


def _record_at_the_end(call: Call, users: Mapping[int, int], shown: Mapping[str, Card]) -> list[WantedCard]:
    record = shown.get(provider_id(call.call_session_id))
    if record is None:
        return []
    employee = users.get(call.uis_employee_id or 0)
    if employee is None and call.outcome != "answered":  # as the batch lane does it
        rung = [users[one] for one in call.rung_employees if one in users]
        employee = rung[-1] if rung else None
    kinds: dict[tuple[str | None, str | None], Kind] = {
        ("in", "missed"): "miss",
        ("out", "unanswered"): "fail",
    }
    kind: Kind = kinds.get((call.direction, call.outcome), call.direction or "in")
    return [
        WantedCard(
            record.provider_id,
            False,
            record.employee_id if employee is None else employee,
            kind,
            "finished",
        )
    ]


def _while_it_goes_on(
    live: LiveCall, users: Mapping[int, int], shown: Mapping[str, Card], direction: Literal["in", "out"]
) -> list[WantedCard]:
    session = live.call.call_session_id
    record = shown.get(provider_id(session))
    ringing = [one for one in live.ringing if one.uis_employee_id in users]

    def card(one: Attending, phase: Phase, *, is_companion: bool) -> WantedCard:
        own = provider_id(session, one.uis_employee_id if is_companion else None)
        return WantedCard(own, is_companion, users[one.uis_employee_id], direction, phase, one.since)

    if live.talking is not None:
        # who is not in Megaplan gets no card, and whoever had one loses it
        talker = [live.talking] if live.talking.uis_employee_id in users else []
        records = [card(one, "talking", is_companion=False) for one in talker]
        return records + [card(one, "calling", is_companion=True) for one in ringing]
    if not ringing:
        if record is None:
            return []
        # between two phones: it stays where it was until it is known who is next
        return [WantedCard(record.provider_id, False, record.employee_id, direction, "calling")]
    holder = next(
        (one for one in ringing if record is not None and users[one.uis_employee_id] == record.employee_id),
        ringing[0],
    )
    others = [one for one in ringing if one is not holder]
    return [
        card(holder, "calling", is_companion=False),
        *(card(one, "calling", is_companion=True) for one in others),
    ]


def _has_lost_its_end(call: Call, now: datetime) -> bool:
    return call.last_event_at is not None and now - call.last_event_at > LONGEST_CALL
