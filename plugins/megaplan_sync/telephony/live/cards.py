"""Which pop-ups a call should have, for which employees, and how to get there from the current ones. Free of I/O.

The call object whose ``providerId`` is the call session is the record of the call; it is first shown to the employee
whose phone rings first, and finally belongs to the one who talked. A call object cannot be deleted, so by default
there is no other one. If the account shows a pop-up to each (``group_pop_ups``), all others whose phones ring get a
companion (``session/employee``), which is finished when the phone stops ringing or somebody answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from megaplan_sync.telephony.calls.call import Call
from megaplan_sync.telephony.live.live_call import LiveCall, Participant

Phase = Literal["calling", "talking", "finished"]
Kind = Literal["in", "out", "miss", "fail", "unknown"]
CardState = Literal["opening", "open", "closed", "given_up"]

STALE_AFTER = timedelta(seconds=30)
"""A pop-up is not opened for an older event: the phone no longer rings, or the talk is well under way."""
LONGEST_CALL = timedelta(hours=4)
"""The end of a call without events for so long must have been lost: its cards are closed."""


@dataclass(frozen=True)
class Card:
    """A row of ``telephony.cards``: a pop-up. ``sent`` is what was last sent to Megaplan."""

    provider_id: str
    is_companion: bool
    employee_id: int
    state: CardState
    sent: str | None
    call_info_id: str | None
    tries: int = 0

    @property
    def is_shown(self) -> bool:
        """Whether it is, or may be, visible."""
        return self.state in ("opening", "open")


@dataclass(frozen=True)
class WantedCard:
    """The desired state of a pop-up.

    :param employee_id: of Megaplan
    :param since: time of the event that causes it; it is not opened long after that
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
    """Return the ``providerId`` of a call's record, or of an employee's companion."""
    return str(call_session_id) if uis_employee_id is None else f"{call_session_id}/{uis_employee_id}"


def wanted_cards(
    live: LiveCall,
    users: Mapping[int, int],
    cards: Iterable[Card],
    now: datetime,
    *,
    to_each: bool = False,
) -> list[WantedCard]:
    """Return the pop-ups that a call should have now, the record first, and the end of all others that it has.

    :param users: Megaplan employee by UIS employee; nobody else gets a card
    :param cards: the current cards of the call
    :param to_each: if several phones ring, all of their employees get one, not only the first
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
    if not to_each:
        wanted = [one for one in wanted if not one.is_companion]
    wanted_ids = {one.provider_id for one in wanted}
    return wanted + [one for one in closing_all(live, shown.values()) if one.provider_id not in wanted_ids]


def closing_all(live: LiveCall, cards: Iterable[Card]) -> list[WantedCard]:
    """Return the end of every visible pop-up of a call; a companion is not a call, so it ends without a type."""

    def kind(card: Card) -> Kind:
        return "unknown" if card.is_companion else live.call.direction or "in"

    return [
        WantedCard(card.provider_id, card.is_companion, card.employee_id, kind(card), "finished")
        for card in cards
        if card.is_shown
    ]


def to_do(
    wanted: Iterable[WantedCard], cards: Iterable[Card], now: datetime
) -> list[tuple[WantedCard, Card | None]]:
    """Return the pop-ups to open (without a card), and those to change or finish."""
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
    if employee is None:  # the same as in select_deliveries
        involved = call.talked_employees if call.outcome == "answered" else call.rung_employees
        employee = next((users[one] for one in reversed(involved) if one in users), None)
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

    def card(one: Participant, phase: Phase, *, is_companion: bool) -> WantedCard:
        own = provider_id(session, one.uis_employee_id if is_companion else None)
        return WantedCard(own, is_companion, users[one.uis_employee_id], direction, phase, one.since)

    if live.talking is not None:
        # if an unmapped employee talks, nobody keeps the record
        talker = [live.talking] if live.talking.uis_employee_id in users else []
        records = [card(one, "talking", is_companion=False) for one in talker]
        return records + [card(one, "calling", is_companion=True) for one in ringing]
    if not ringing:
        if record is None:
            return []
        # between two phones, the record stays where it was until the next phone rings
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
