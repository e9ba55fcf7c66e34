"""How the demo reckons what people see, from what the emulators wrote down."""

from typing import Any

import pytest

from demo.call_times import Milliseconds, card_after_answer, cards_after_ringing


def rang(call: int, *times: float) -> list[dict[str, Any]]:
    return [{"call_session_id": call, "event": "call_proceeding", "time": time} for time in times]


def card(
    at: float, event: str, employee: str, provider_id: str = "7", state: str = "calling"
) -> dict[str, Any]:
    return {"at": at, "event": event, "employee": employee, "providerId": provider_id, "state": state}


def test_cards_are_counted_from_the_first_ring() -> None:
    popups = {"1": [card(100.05, "open", "1")], "2": [card(100.2, "open", "2", "7/502")]}
    assert cards_after_ringing(7, rang(7, 100, 100.1), popups) == Milliseconds(50, 200, 2)


def test_a_card_that_is_missing_is_waited_for() -> None:
    assert cards_after_ringing(7, rang(7, 100, 100.1), {"1": [card(100.05, "open", "1")]}) is None


def test_cards_of_another_call_do_not_count() -> None:
    popups = {"1": [card(100.05, "open", "1", "8")], "2": [card(100.2, "open", "2", "71/502")]}
    assert cards_after_ringing(7, rang(7, 100) + rang(8, 100), popups) is None


@pytest.mark.parametrize(
    ("closed_at", "told"), [([], None), ([110.5], Milliseconds(40, 500, 2))], ids=["still there", "gone"]
)
def test_the_others_cards_have_to_go_when_somebody_answers(
    closed_at: list[float], told: Milliseconds | None
) -> None:
    events = [*rang(7, 100, 100), {"call_session_id": 7, "event": "talk_started", "time": 110.0}]
    popups = {
        "1": [card(100.1, "open", "1"), card(110.04, "change", "1", state="talking")],
        "2": [card(100.1, "open", "2", "7/502"), *(card(at, "close", "2", "7/502") for at in closed_at)],
    }
    assert card_after_answer(7, events, popups) == told
