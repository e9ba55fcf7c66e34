"""Pop-ups follow the call: they appear, change, move and close, and none is shown twice."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulators.uis_client import Receiver

from .call_world import ANNA, OLGA, OWN_CALL, PETER, STRANGER, CallWorld
from .served import ServedGateway, served, set_connections

pytest_plugins = ["tests.emulators.uis_fixtures"]

GROUP_RINGS = {"employee_answers": None}
"""Nobody answers until the test makes an employee answer."""


def test_whoever_is_rung_first_sees_a_card_and_whoever_answers_takes_it_over(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    number = call_world.start_call(running_gateway, **GROUP_RINGS)
    assert call_world.screens() == {ANNA: [f"{number} calling"]}
    card = call_world.calls()[str(number)]
    assert (card["type"], card["fromPhone"], card["toPhone"]) == ("in", STRANGER, "74950000001")
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.advance(running_gateway, 0)
    assert call_world.screens() == {PETER: [f"{number} talking"]}
    call_world.advance(running_gateway, 10)
    call_world.uis.mutate("hang_up_call", id=number)
    call_world.advance(running_gateway, 0)
    assert call_world.screens() == {}
    card = call_world.calls()[str(number)]
    assert (card["type"], card["state"], card["toUser"]["id"]) == ("in", "finished", str(PETER))
    assert card["timeTo"] is not None
    assert len(call_world.requests("/callInfo")) == 3, "as many as docs/gateway.md says"
    assert set(call_world.cards().values()) == {"closed"}
    delivery = call_world.outbox_row(number)
    assert delivery is not None
    assert (delivery["made_live"], delivery["call_info_id"]) == (True, str(card["id"]))


def test_everybody_rung_sees_a_card_where_the_account_wants_it(
    call_world: CallWorld, monkeypatch: pytest.MonkeyPatch, connect: Callable[..., str]
) -> None:
    """Each further phone leaves an object behind, which is no incoming call."""
    quirks = {"group_pop_ups": "each"}
    set_connections(monkeypatch, call_world.database_uri, connect, call_world.uis.url, vendor_quirks=quirks)
    with served(call_world.account) as gateway:
        call_world.notify(gateway)
        number = call_world.start_call(gateway, **GROUP_RINGS)
        assert call_world.screens() == {
            ANNA: [f"{number} calling"],
            PETER: [f"{number}/502 calling"],
            OLGA: [f"{number}/503 calling"],
        }
        call_world.uis.mutate("answer_call", id=number, employee=502)
        call_world.advance(gateway, 0)
        assert call_world.screens() == {PETER: [f"{number} talking"]}
        call_world.uis.mutate("hang_up_call", id=number)
        call_world.advance(gateway, 0)
        assert call_world.screens() == {}
    assert len(call_world.requests("/callInfo")) == 7, "as many as docs/gateway.md says"
    ends = {key: (call["type"], call["state"]) for key, call in call_world.calls().items()}
    assert ends == {
        str(number): ("in", "finished"),
        f"{number}/502": ("unknown", "finished"),
        f"{number}/503": ("unknown", "finished"),
    }


def test_telephones_that_ring_in_turn_share_one_card(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    number = call_world.start_call(running_gateway, "ring_in_turn", answers={"502": 4})
    assert call_world.screens() == {ANNA: [f"{number} calling"]}
    call_world.advance(running_gateway, 31)  # each telephone rings for thirty seconds
    assert call_world.screens() == {PETER: [f"{number} calling"]}
    call_world.advance(running_gateway, 4)
    assert call_world.screens() == {PETER: [f"{number} talking"]}
    call_world.advance(running_gateway, 60)
    assert call_world.screens() == {}
    assert set(call_world.calls()) == {str(number)}


def test_a_transferred_call_moves_to_the_new_employee(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    number = call_world.start_call(running_gateway, employee=501, employee_answers=1)
    call_world.advance(running_gateway, 1)
    assert call_world.screens() == {ANNA: [f"{number} talking"]}
    call_world.advance(running_gateway, 5)
    call_world.uis.mutate("transfer_call", id=number, to=503, answers=3)
    call_world.advance(running_gateway, 1)
    assert call_world.screens() == {ANNA: [f"{number} talking"]}
    call_world.advance(running_gateway, 3)
    assert call_world.screens() == {OLGA: [f"{number} talking"]}
    call_world.advance(running_gateway, 90)
    assert call_world.screens() == {}
    assert call_world.calls()[str(number)]["toUser"]["id"] == str(OLGA)


@pytest.mark.parametrize(
    ("kind", "states", "end"),
    [
        ("outgoing_answered", ["calling", "talking"], ("out", "finished")),
        ("outgoing_unanswered", ["calling", "calling"], ("fail", "finished")),
    ],
)
def test_the_employee_who_dials_sees_a_card(
    kind: str, states: list[str], end: tuple[str, str], call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    number = call_world.start_call(running_gateway, kind, employee=502)
    assert call_world.screens() == {PETER: [f"{number} {states[0]}"]}
    call_world.advance(running_gateway, 8)
    assert call_world.screens() == {PETER: [f"{number} {states[1]}"]}
    call_world.advance(running_gateway, 90)
    assert call_world.screens() == {}
    card = call_world.calls()[str(number)]
    assert (card["type"], card["state"]) == end
    assert (card["fromUser"]["id"], card["toPhone"]) == (str(PETER), STRANGER)


def test_click_to_call_shows_a_card_while_the_employees_telephone_rings(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    number = call_world.start_call(
        running_gateway, "call_api", employee=502, employee_answers=2, contact_answers=3
    )
    assert call_world.screens() == {PETER: [f"{number} calling"]}
    call_world.advance(running_gateway, 5)
    assert call_world.screens() == {PETER: [f"{number} talking"]}


def test_internal_calls_show_no_card(call_world: CallWorld, running_gateway: ServedGateway) -> None:
    call_world.start_call(running_gateway, "internal", employee=502)
    call_world.advance(running_gateway, 100)
    assert (call_world.calls(), call_world.cards()) == ({}, {})


def test_an_employee_who_is_not_in_megaplan_gets_no_card_and_no_data(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.database.execute("DELETE FROM telephony.users WHERE uis_employee_id <> 501")
    number = call_world.start_call(running_gateway, **GROUP_RINGS)
    assert call_world.screens() == {ANNA: [f"{number} calling"]}
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.advance(running_gateway, 0)
    assert call_world.screens() == {}, "somebody else has answered"
    assert set(call_world.calls()) == {str(number)}
    again = call_world.start_call(running_gateway, "outgoing_answered", employee=503)
    call_world.advance(running_gateway, 100)
    assert str(again) not in call_world.calls()
    assert call_world.outbox_row(again) is None


def test_the_client_is_linked_if_the_raw_tables_have_exactly_one(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    people = call_world.megaplan.control("state?entity=contractors")
    client = next(one for one in people if one["contentType"] == "ContractorHuman")
    known = {"account": call_world.account, "id": int(client["id"]), "phone": f"+{STRANGER}"}
    call_world.database.execute(
        """INSERT INTO megaplan_raw.contacts (account, payload, content_hash)
        VALUES (%(account)s, jsonb_build_object('contentType', 'ContractorHuman', 'id', %(id)s), '')""",
        known,
    )
    call_world.database.execute(
        """INSERT INTO megaplan_raw.contact_points (account, contact_id, position, phone_e164)
        VALUES (%(account)s, %(id)s, 0, %(phone)s)""",
        known,
    )
    number = call_world.start_call(running_gateway, **GROUP_RINGS)
    assert call_world.calls()[str(number)]["fromUser"]["id"] == str(client["id"])
    call_world.send_event(
        running_gateway, "call_proceeding", employee_id=501, contact_phone_number=f"+{STRANGER}"
    )
    assert call_world.calls()[str(OWN_CALL)]["fromUser"]["id"] == str(client["id"])
    for typed in (STRANGER.removeprefix("7"), f"8{STRANGER[1:]}", f"{STRANGER}...12"):
        other = call_world.start_call(running_gateway, **{**GROUP_RINGS, "contact": typed})
        assert call_world.calls()[str(other)]["fromUser"]["id"] == str(client["id"]), typed
    call_world.database.execute(  # Megaplan has no such company
        """UPDATE megaplan_raw.contacts SET payload = payload || '{"contentType": "ContractorCompany"}'"""
    )
    other = call_world.start_call(running_gateway, **GROUP_RINGS)
    assert call_world.calls()[str(other)]["fromUser"] is None
    assert f"{other} calling" in call_world.screens()[ANNA]


@pytest.mark.parametrize(
    "knobs",
    [
        {"notify_duplicates": 1.0, "notify_duplicate_delay_s": 0},
        {"notify_disorder": 1.0, "notify_disorder_s": 2},
        {"notify_duplicates": 0.7, "notify_disorder": 0.7, "notify_disorder_s": 3, "notify_concurrent": True},
    ],
    ids=["repeated", "shuffled", "both"],
)
def test_neither_order_nor_repetition_of_events_changes_the_result(
    knobs: dict[str, Any], call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.uis.control("knobs", knobs)
    number = call_world.start_call(running_gateway, "transferred", employee=501)
    for _ in range(40):
        call_world.advance(running_gateway, 3)
    assert call_world.screens() == {}
    card = call_world.calls()[str(number)]
    truth = call_world.uis.truth(number)
    assert card["state"] == "finished"
    assert card["toUser"]["id"] == str(ANNA + truth["talked"][-1] - 501)
    assert set(call_world.cards().values()) == {"closed"}


def test_the_vendors_own_templates_show_cards_too(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.notify(running_gateway, template="default")
    number = call_world.start_call(running_gateway, **GROUP_RINGS)
    assert call_world.screens() == {ANNA: [f"{number} calling"]}
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.advance(running_gateway, 0)
    assert call_world.screens() == {PETER: [f"{number} talking"]}
    call_world.uis.mutate("hang_up_call", id=number)
    call_world.advance(running_gateway, 0)
    assert call_world.screens() == {}


@pytest.mark.parametrize("behind", [35, -35])
def test_a_clock_of_uis_that_differs_hides_no_card(
    behind: int, call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    for session in (1, 2, 3):
        values = {"call_session_id": session, "employee_id": 999, "leg_id": session}
        call_world.send_event(running_gateway, "call_proceeding", behind, **values)
    call_world.send_event(running_gateway, "call_proceeding", behind, employee_id=501, leg_id=4)
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}
    assert running_gateway.gateway.uis_clocks.difference(running_gateway.account).total_seconds() == (
        pytest.approx(behind, abs=3)
    )
    call_world.send_event(
        running_gateway, "call_session_finished", behind, finish_reason="no_success", leg_id=4
    )
    assert call_world.screens() == {}


def test_a_late_event_opens_no_card(call_world: CallWorld, running_gateway: ServedGateway) -> None:
    call_world.send_event(running_gateway, "call_proceeding", age_seconds=31, employee_id=501)
    assert (call_world.screens(), call_world.cards()) == ({}, {})
    call_world.send_event(running_gateway, "call_disconnected", age_seconds=2, employee_id=501)
    call_world.send_event(running_gateway, "call_proceeding", age_seconds=0, employee_id=502)
    assert call_world.screens() == {PETER: [f"{OWN_CALL} calling"]}


def test_an_old_call_that_arrives_complete_is_left_to_the_batch_lane(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    for place, mnemonic in enumerate(("call_proceeding", "talk_started", "call_session_finished")):
        call_world.send_event(
            running_gateway, mnemonic, age_seconds=300 - 60 * place, employee_id=501, talk_time_duration=60
        )
    assert call_world.requests("/callInfo") == []
    assert call_world.push()["history_done"] == 1
    assert call_world.screens() == {}
    assert call_world.calls()[str(OWN_CALL)]["state"] == "finished"


def test_a_url_in_an_event_is_neither_fetched_nor_forwarded(
    call_world: CallWorld, running_gateway: ServedGateway, receiver: Receiver
) -> None:
    internal = f"{receiver.url}/latest/meta-data"
    for mnemonic in ("call_proceeding", "talk_started", "call_session_finished", "talk_record_file"):
        call_world.send_event(
            running_gateway, mnemonic, employee_id=501, talk_time_duration=5, file_link=internal
        )
    call_world.push()
    assert receiver.received == []
    assert call_world.calls()[str(OWN_CALL)]["recordLinks"] == []
    delivery = call_world.outbox_row(OWN_CALL)
    assert delivery is not None
    assert "another host" in delivery["recording_error"]


def test_a_forgotten_call_shows_nothing_whatever_events_arrive(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    """Its events are deleted, so events repeated by UIS count as new."""
    call_world.database.execute(
        "INSERT INTO telephony.forgotten_calls (account, call_session_id) VALUES (%s, %s)",
        (call_world.account, OWN_CALL),
    )
    call_world.send_event(running_gateway, "call_proceeding", employee_id=501, leg_id=1)
    assert (call_world.screens(), call_world.cards()) == ({}, {})
    call_world.database.execute("DELETE FROM telephony.forgotten_calls")
    call_world.send_event(running_gateway, "call_proceeding", employee_id=501, leg_id=2)
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}
