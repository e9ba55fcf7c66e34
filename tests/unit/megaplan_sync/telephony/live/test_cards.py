"""The pop-ups that a call should have according to its events, in any order."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from megaplan_sync.telephony.calls.call import CallEvent
from megaplan_sync.telephony.live.cards import STALE_AFTER, Card, to_do, wanted_cards
from megaplan_sync.telephony.live.live_call import live_call

BEGAN = datetime(2026, 9, 21, 9, 15, tzinfo=UTC)
USERS: Mapping[int, int] = {501: 1, 502: 2, 503: 3}
SESSION = 700


def event(
    second: float, mnemonic: str | None, employee: int | None, leg: int | None = None, **values: Any
) -> CallEvent:
    sent = {"employee_id": employee, "leg_id": leg, "direction": "in", **values}
    return CallEvent("acme", SESSION, mnemonic, BEGAN + timedelta(seconds=second), sent)


def wanted(events: list[CallEvent], cards: list[Card], second: float) -> dict[str, str]:
    now = BEGAN + timedelta(seconds=second)
    found = wanted_cards(live_call(events), USERS, cards, now, to_each=True)
    return {one.provider_id: one.content for one in found}


def shown(provider_id: str, employee: int, sent: str) -> Card:
    return Card(provider_id, "/" in provider_id, employee, "open", sent, "9")


RING_501 = event(1, "call_proceeding", 501, 11)
RING_502 = event(2, "call_proceeding", 502, 12)
GONE_501 = event(5, "call_disconnected", 501, 11)
TALK_502 = event(6, "talk_started", 502)
UP_502 = event(5.5, "call_connected", 502, 12)
UP_503 = event(24, "call_connected", 503, 13)
DOWN_502 = event(30, "call_disconnected", 502, 12)
DOWN_503 = event(40, "call_disconnected", 503, 13)
RING_503 = event(20, "call_proceeding", 503, 13)
TALK_503 = event(25, "talk_started", 503)
END = event(60, "call_session_finished", 503, talk_time_duration=40)
RECORD = shown("700", 1, "in calling 1")

CASES: dict[str, tuple[list[CallEvent], list[Card], dict[str, str]]] = {
    "one phone": ([RING_501], [], {"700": "in calling 1"}),
    "two phones": ([RING_501, RING_502], [], {"700": "in calling 1", "700/502": "in calling 2"}),
    "the employee who has the record keeps it": (
        [RING_501, RING_502],
        [shown("700", 2, "in calling 2")],
        {"700": "in calling 2", "700/501": "in calling 1"},
    ),
    "the first has stopped": (
        [RING_501, RING_502, GONE_501],
        [RECORD, shown("700/502", 2, "in calling 2")],
        {"700": "in calling 2", "700/502": "unknown finished 2"},
    ),
    "between two phones": ([RING_501, GONE_501], [RECORD], {"700": "in calling 1"}),
    "somebody talks": (
        [RING_501, RING_502, TALK_502],
        [RECORD, shown("700/502", 2, "in calling 2")],
        {"700": "in talking 2", "700/502": "unknown finished 2"},
    ),
    "somebody picks up, and there is no event of the talk": (
        [RING_501, RING_502, UP_502],
        [RECORD, shown("700/502", 2, "in calling 2")],
        {
            "700": "in talking 2",
            "700/502": "unknown finished 2",
        },
    ),
    "a colleague picks up as well": (
        [RING_502, UP_502, RING_503, UP_503],
        [],
        {"700": "in talking 2", "700/503": "in calling 3"},
    ),
    "and the first one hangs up": (
        [RING_502, UP_502, RING_503, UP_503, DOWN_502],
        [],
        {"700": "in talking 3"},
    ),
    "a colleague picks up to be consulted": (
        [UP_502, TALK_502, RING_503, UP_503],
        [],
        {"700": "in talking 2", "700/503": "in calling 3"},
    ),
    "a colleague was consulted": (
        [RING_502, TALK_502, RING_503, TALK_503, DOWN_503],
        [shown("700", 3, "in talking 3")],
        {"700": "in talking 2"},
    ),
    "the first one leaves after the transfer": (
        [RING_502, TALK_502, RING_503, TALK_503, DOWN_502],
        [],
        {"700": "in talking 3"},
    ),
    "another telephone of who talks stops ringing": (
        [RING_502, event(2, "call_proceeding", 502, 22), TALK_502, event(6.1, "call_disconnected", 502, 22)],
        [],
        {"700": "in talking 2"},
    ),
    "all have hung up, and there is no event of the end yet": (
        [RING_502, TALK_502, DOWN_502],
        [],
        {"700": "in talking 2"},
    ),
    "one's own phone before the client's": (
        [event(1, "call_connected", 501, 11, direction="out")],
        [],
        {"700": "out calling 1"},
    ),
    "the same as an incoming call": (
        [event(1, "call_connected", 501, 11, call_source="callapi")],
        [],
        {"700": "in calling 1"},
    ),
    "a colleague's phone rings during the talk": (
        [RING_501, RING_502, TALK_502, RING_503],
        [],
        {"700": "in talking 2", "700/503": "in calling 3"},
    ),
    "and takes the call": ([RING_502, TALK_502, RING_503, TALK_503], [], {"700": "in talking 3"}),
    "it is over": (
        [RING_501, TALK_502, RING_503, TALK_503, END],
        [shown("700", 3, "in talking 3"), shown("700/501", 1, "in calling 1")],
        {"700": "in finished 3", "700/501": "unknown finished 1"},
    ),
    "it is over and nothing was shown": ([RING_501, END], [], {}),
    "nobody of ours": ([event(1, "call_proceeding", 999, 1)], [], {}),
    "somebody of theirs talks": (
        [RING_501, event(4, "talk_started", 999)],
        [RECORD],
        {"700": "in finished 1"},
    ),
    "colleagues": ([event(1, "call_proceeding", 501, 11, is_internal=True)], [], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_wanted_cards_follow_from_the_events_in_any_order(case: str) -> None:
    events, cards, expected = CASES[case]
    for order in itertools.permutations(events):
        assert wanted([*order, order[0]], cards, 61) == expected


def test_cards_of_a_call_without_an_end_are_closed_after_hours() -> None:
    assert wanted([RING_501], [RECORD], 5 * 3600) == {"700": "in finished 1"}


@pytest.mark.parametrize(("age", "opens"), [(0, True), (30, True), (31, False)])
def test_a_card_is_opened_while_its_reason_is_fresh(age: int, opens: bool) -> None:
    now = BEGAN + timedelta(seconds=1 + age)
    cards = wanted_cards(live_call([RING_501]), USERS, [], now)
    assert bool(to_do(cards, [], now)) is opens
    assert timedelta(seconds=30) == STALE_AFTER


def test_only_differences_are_to_be_done() -> None:
    now = BEGAN + timedelta(seconds=3)
    cards = [RECORD, shown("700/502", 2, "in calling 2")]
    wanted = wanted_cards(live_call([RING_501, RING_502]), USERS, cards, now, to_each=True)
    assert to_do(wanted, cards, now) == []


@pytest.mark.parametrize("case", CASES)
def test_by_default_there_is_no_card_but_the_record(case: str) -> None:
    """A call object cannot be deleted: helpers that were created by an earlier version are only finished."""
    events, cards, expected = CASES[case]
    found = wanted_cards(live_call(events), USERS, cards, BEGAN + timedelta(seconds=61))
    records = {key: content for key, content in expected.items() if key == "700"}
    left = {card.provider_id: f"unknown finished {card.employee_id}" for card in cards if card.is_companion}
    assert {one.provider_id: one.content for one in found} == records | left
