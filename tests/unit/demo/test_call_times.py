"""How the demo reckons what people see, from what the emulators wrote down."""

from typing import Any

import pytest

from demo.call_times import card_after_answer, card_after_ringing


def rang(call: int, *times: float) -> list[dict[str, Any]]:
    return [{"call_session_id": call, "event": "call_proceeding", "time": time} for time in times]


def card(
    at: float, event: str, employee: str, provider_id: str = "7", state: str = "calling"
) -> dict[str, Any]:
    return {"at": at, "event": event, "employee": employee, "providerId": provider_id, "state": state}


def test_the_card_counts_from_the_first_ring() -> None:
    popups = {"2": [card(100.2, "open", "2")]}
    assert card_after_ringing(7, rang(7, 100.1, 100), popups) == 200


def test_cards_of_another_call_do_not_count() -> None:
    popups = {"1": [card(100.05, "open", "1", "8")], "2": [card(100.2, "open", "2", "71")]}
    assert card_after_ringing(7, rang(7, 100) + rang(8, 100), popups) is None


@pytest.mark.parametrize(
    ("closed_at", "told"), [([], None), ([110.5], 500)], ids=["on two screens", "on one screen"]
)
def test_the_card_moves_to_the_one_who_answers(closed_at: list[float], told: int | None) -> None:
    events = [*rang(7, 100, 100), {"call_session_id": 7, "event": "talk_started", "time": 110.0}]
    popups = {
        "1": [card(110.04, "open", "1", state="talking")],
        "2": [card(100.1, "open", "2"), *(card(at, "close", "2") for at in closed_at)],
    }
    assert card_after_answer(7, events, popups) == told


def test_the_card_of_the_one_who_was_rung_first_says_that_they_answered() -> None:
    events = [*rang(7, 100), {"call_session_id": 7, "event": "talk_started", "time": 110.0}]
    popups = {"1": [card(100.1, "open", "1"), card(110.04, "change", "1", state="talking")]}
    assert card_after_answer(7, events, popups) == 40
