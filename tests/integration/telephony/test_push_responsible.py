"""Whose call it is: the last mapped employee who talked, and for missed calls whom the settings name."""

import json
from typing import Any

import pytest

from .push_world import COLLEAGUE, EMPLOYEE, UIS_COLLEAGUE, UIS_EMPLOYEE, PushWorld

pytest_plugins = ["tests.integration.telephony.push_fixtures"]
UNMAPPED = 509
MANAGER = 1_000_009
CLIENTS_NUMBER = "79001234567"


def employee_of(world: PushWorld, number: int, side: str = "toUser") -> int | None:
    found = world.call(number)[side]
    return None if found is None else int(found["id"])


def test_a_call_given_on_to_an_unmapped_employee_is_the_last_mapped_talkers(world: PushWorld) -> None:
    """It was not told at all, as its last talker is not among the users of telephony."""
    rung = [UIS_COLLEAGUE, UIS_EMPLOYEE, UNMAPPED]
    unmapped: dict[str, Any] = {"uis_employee_id": UNMAPPED, "rung_employees": rung}
    world.add_call(700, talked_employees=[UIS_COLLEAGUE, UIS_EMPLOYEE, UNMAPPED], **unmapped)
    world.add_call(701, "out", talked_employees=[UIS_COLLEAGUE, UNMAPPED], **unmapped)
    world.add_call(702, talked_employees=[UNMAPPED], **unmapped)
    world.push()
    assert employee_of(world, 700) == EMPLOYEE
    assert employee_of(world, 701, "fromUser") == COLLEAGUE
    assert world.states(702)[0] == "none", (
        "of those who talked nobody is mapped; a telephone that rang is no talk"
    )


@pytest.fixture
def missed(world: PushWorld, sync: Any) -> PushWorld:
    """A client with a manager and three missed calls: of the client, of a stranger, and one that rang nobody."""
    world.client(CLIENTS_NUMBER, responsibles=[{"contentType": "Employee", "id": str(MANAGER)}])
    sync("contacts", "employees")
    rung = {
        "outcome": "missed",
        "uis_employee_id": UIS_COLLEAGUE,
        "rung_employees": [UIS_EMPLOYEE, UIS_COLLEAGUE],
    }
    nobody = {"outcome": "missed", "uis_employee_id": None, "rung_employees": []}
    world.add_call(700, contact_phone=CLIENTS_NUMBER, **rung)
    world.add_call(701, **rung)
    world.add_call(702, **nobody)
    world.add_call(703, "out", "unanswered", uis_employee_id=UIS_EMPLOYEE)
    return world


FIXED = {"missed_call_employee": EMPLOYEE}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [COLLEAGUE, COLLEAGUE, None]),
        (FIXED, [COLLEAGUE, COLLEAGUE, EMPLOYEE]),
        ({"missed_call_responsible": "fixed", **FIXED}, [EMPLOYEE, EMPLOYEE, EMPLOYEE]),
        ({"missed_call_responsible": "fixed"}, [COLLEAGUE, COLLEAGUE, None]),
        ({"missed_call_responsible": "client_manager"}, [MANAGER, COLLEAGUE, None]),
        ({"missed_call_responsible": "client_manager", **FIXED}, [MANAGER, COLLEAGUE, EMPLOYEE]),
        (
            {
                "missed_call_responsible": "client_manager",
                "missed_call_employees": {"8 (495) 000-00-01": EMPLOYEE},
            },
            [EMPLOYEE, EMPLOYEE, EMPLOYEE],
        ),
        ({"missed_call_employees": json.dumps({"74950000002": EMPLOYEE})}, [COLLEAGUE, COLLEAGUE, None]),
    ],
)
def test_a_missed_call_goes_to_whom_the_settings_name(
    missed: PushWorld, settings: dict[str, Any], expected: list[int | None]
) -> None:
    missed.push(communication_incoming_missed="planned", **settings)
    assert [employee_of(missed, number) for number in (700, 701, 702)] == expected
    assert employee_of(missed, 703, "fromUser") == EMPLOYEE, "only missed calls"
    responsible = {
        todo["name"][-12:]: todo["responsible"] and int(todo["responsible"]["id"]) for todo in missed.todos()
    }
    assert responsible[f"+{CLIENTS_NUMBER}"] == expected[0]


def test_a_manager_who_has_left_is_not_responsible(missed: PushWorld) -> None:
    missed.database.execute(
        "UPDATE megaplan_raw.employees SET payload = payload || '{\"isWorking\": false}' WHERE id = %s",
        (MANAGER,),
    )
    missed.push(missed_call_responsible="client_manager")
    assert employee_of(missed, 700) == COLLEAGUE


def test_without_raw_tables_a_missed_call_is_the_last_rungs(world: PushWorld) -> None:
    world.database.execute("DROP SCHEMA megaplan_raw CASCADE")
    world.add_call(outcome="missed", uis_employee_id=UIS_COLLEAGUE)
    world.push(missed_call_responsible="client_manager")
    assert employee_of(world, 700100200) == COLLEAGUE


# -- left out


@pytest.mark.parametrize(
    ("settings", "call"),
    [
        ({"skip_spam": True}, {"outcome": "missed", "finish_reason": "numa_in_black_list"}),
        ({"skip_spam": True}, {"outcome": "missed", "finish_reason": "numa_in_spam_list"}),
        ({"skip_fax": True}, {"call_source": "faxout", "direction": "out"}),
        ({"skip_fax": True}, {"finish_reason": "fax_session_done"}),
        ({"skip_numbers": "8 (999) 555-00-11"}, {}),
        ({"skip_numbers": "101, +7 495 000-00-01"}, {}),
    ],
)
def test_calls_are_left_out_on_request(
    world: PushWorld, settings: dict[str, Any], call: dict[str, Any]
) -> None:
    world.add_call(700, **call)
    world.add_call(
        701, contact_phone="79995550012", virtual_phone="74950000002", finish_reason="subscriber_disconnects"
    )
    world.push(**settings)
    assert [each["providerId"] for each in world.calls()] == ["701"]
    assert world.states(700) == ("none", "none", "none")
    assert world.open_calls() == []


def test_without_the_settings_nothing_is_left_out(world: PushWorld) -> None:
    world.add_call(700, outcome="missed", finish_reason="numa_in_black_list")
    world.add_call(701, "out", call_source="faxout")
    world.push()
    assert {each["providerId"] for each in world.calls()} == {"700", "701"}


def test_what_megaplan_has_is_not_left_out_afterwards(world: PushWorld) -> None:
    """The report says at night that it was spam: a call cannot be deleted in Megaplan, so it is kept true instead."""
    number = world.add_call(outcome="missed")
    world.push(skip_spam=True)
    world.change_call(number, finish_reason="numa_in_spam_list", virtual_phone="74950000002")
    world.push(skip_spam=True)
    assert world.call(number)["toPhone"] == "74950000002"


def test_a_call_that_a_run_has_planned_before_the_setting_is_left_out(world: PushWorld) -> None:
    number = world.add_call()
    world.database.execute("DELETE FROM telephony.users")
    world.push_with_trouble()
    world.database.execute(
        """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
        VALUES (%s, %s, %s, '101')""",
        (world.account, EMPLOYEE, UIS_EMPLOYEE),
    )
    world.push(skip_numbers="79995550011")
    assert (world.calls(), world.states(number)[0]) == ([], "none")
    assert "skip_numbers" in world.row(number)["last_error"]
