"""Whatever fails during a call costs a pop-up at most: Megaplan gets each call once, and no card stays open."""

import time
from typing import Any

import pytest

from megaplan_sync.telephony.inbox import UIS_NOTIFICATION, store_event

from .call_world import ANNA, OLGA, OWN_CALL, PETER, CallWorld, wait_until
from .served import ServedGateway, served

pytest_plugins = ["tests.emulators.uis_fixtures"]

GROUP_RINGS = {"employee_answers": None}


def assert_once(world: CallWorld, number: int, employee: int) -> None:
    """Assert that Megaplan has the call once, finished, and no pop-up counts as one."""
    own = {key: call for key, call in world.calls().items() if key == str(number)}
    assert len(own) == 1
    assert own[str(number)]["state"] == "finished"
    assert own[str(number)]["toUser"]["id"] == str(employee)
    ledger = world.ledger(number)
    assert ledger is not None
    assert (ledger["history"], ledger["call_info_id"]) == ("done", str(own[str(number)]["id"]))
    rows = world.database.execute("SELECT call_session_id FROM telephony.calls").fetchall()
    assert rows == [(number,)], "companions are no calls"


def test_the_batch_lane_has_nothing_left_to_tell_of_a_call_shown_live(
    world: CallWorld, at_work: ServedGateway
) -> None:
    number = world.begin(at_work, employee=502, employee_answers=3)
    for seconds in (3, 30, 31):  # over, and the recording is not ready yet
        world.after(at_work, seconds)
    asked = world.requests("/callInfo")
    assert world.push()["history_done"] == 1
    assert world.requests("/callInfo") == asked
    assert_once(world, number, PETER)


def test_a_gateway_that_starts_in_the_middle_of_a_call_goes_on_with_its_cards(world: CallWorld) -> None:
    with served(world.account) as first:
        world.notify(first)
        number = world.begin(first, **GROUP_RINGS)
        assert len(world.screens()) == 3
    world.uis.mutate("answer_call", id=number, employee=502)
    world.uis.advance(0)  # nobody is there to hear of it
    with served(world.account) as second:
        world.notify(second)
        world.settle(second)
        assert len(world.screens()) == 3
        world.after(second, 1)
        world.uis.mutate("hang_up_call", id=number)
        world.after(second, 0)
        assert world.screens() == {}
    world.push()
    assert_once(world, number, PETER)


def test_what_was_stored_and_not_acted_upon_is_shown_after_a_restart(world: CallWorld) -> None:
    now = time.time()
    body = (
        f'{{"notification_mnemonic": "call_proceeding", "notification_timestamp": {int(now)}, '
        f'"call_session_id": {OWN_CALL}, "direction": "in", "employee_id": 502, '
        '"contact_phone_number": "79995550011"}'
    )
    store_event(world.database, world.account, UIS_NOTIFICATION, body.encode(), None)
    with served(world.account) as gateway:
        wait_until(lambda: world.screens() == {PETER: [f"{OWN_CALL} calling"]})
        world.settle(gateway)


def test_while_megaplan_is_down_everything_is_left_to_the_batch_lane(
    world: CallWorld, at_work: ServedGateway
) -> None:
    world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    number = world.begin(at_work, **GROUP_RINGS)
    world.uis.mutate("answer_call", id=number, employee=502)
    world.after(at_work, 5)
    world.uis.mutate("hang_up_call", id=number)
    world.after(at_work, 0)
    world.megaplan.control("faults", method="DELETE")
    assert world.calls() == {}
    world.push()
    assert_once(world, number, PETER)


@pytest.mark.parametrize("kind", ["reset", "500"])
def test_a_card_whose_answer_was_lost_is_not_made_twice(
    kind: str, world: CallWorld, at_work: ServedGateway
) -> None:
    world.megaplan.control(
        "faults", {"kind": kind, "path": "/callInfo", "method": "POST", "count": 1, "processed": True}
    )
    number = world.begin(at_work, employee=502, employee_answers=3)
    world.after(at_work, 3)
    assert f"{number} talking" in world.screens()[PETER], "found by the exchange's own id"
    world.after(at_work, 90)
    world.push()
    assert_once(world, number, PETER)


def test_a_card_that_could_not_be_closed_is_closed_later(world: CallWorld, at_work: ServedGateway) -> None:
    number = world.begin(at_work, **GROUP_RINGS)
    assert len(world.screens()) == 3
    world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    world.uis.mutate("answer_call", id=number, employee=503)
    world.after(at_work, 0)
    assert len(world.screens()) == 3
    world.megaplan.control("faults", method="DELETE")
    wait_until(lambda: world.screens() == {OLGA: [f"{number} talking"]})


def test_a_card_is_not_asked_for_twice_whatever_is_heard_meanwhile(
    world: CallWorld, at_work: ServedGateway
) -> None:
    world.megaplan.control("faults", {"kind": "slow", "path": "/callInfo", "seconds": 0.5})
    values: dict[str, Any] = {"employee_id": 501}
    for leg in range(5):
        at_work.notify(event(leg, **values))
    world.settle(at_work)
    assert world.requests("/callInfo") == ["POST /callInfo"]
    assert world.screens() == {ANNA: [f"{OWN_CALL} calling"]}


def test_a_second_gateway_beside_it_makes_no_second_card(world: CallWorld, at_work: ServedGateway) -> None:
    with served(world.account) as other:
        for leg in range(6):
            (at_work if leg % 2 else other).notify(event(leg, employee_id=501 + leg % 3))
        world.settle(at_work)
        world.settle(other)
    assert len(world.calls()) == 3
    assert len(world.screens()) == 3


def event(leg: int, **values: Any) -> dict[str, Any]:
    """Return a notification of a ringing phone, just now."""
    return {
        "notification_mnemonic": "call_proceeding",
        "notification_timestamp": int(time.time()),
        "call_session_id": OWN_CALL,
        "direction": "in",
        "contact_phone_number": "79995550011",
        "leg_id": 880_000 + leg,
        **values,
    }
