"""Calls over real HTTP: begun, ended, and read in reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.uis_hook.conftest import CALL, START, TOKEN, MakeHook
from tests.unit.uis_hook.fake_uis import HTML, SESSION, Asked, FakeUis, Reply, error, result, table
from uis_hook.exceptions import UisCallRefusedError, UisCallStateError, UisSettingError
from uis_hook.hook import UisHook


def test_click_to_call(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(SESSION)
    options = {"show_virtual_phone_number": False, "switch_at_once": True, "early_switching": True}
    assert hook.start_employee_call(**CALL, employee_phone_number="101", **options) == 700100300
    (asked,) = uis.asked()
    assert asked.path == "/v4.0"
    assert asked.params == {
        "access_token": TOKEN,
        "first_call": "employee",
        "virtual_phone_number": "74950000001",
        "contact": "79000000001",
        "employee": {"id": 501, "phone_number": "101"},
        "direction": "out",
        "external_id": "mp-call-55",
        **options,
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"external_id": " "}, "external_id"),
        ({"contact": ""}, "contact"),
        ({"early_switching": True}, "switch_at_once"),
        ({"early_switching": True, "switch_at_once": True, "first_call": "contact"}, "employee"),
    ],
)
def test_a_call_that_cannot_be_made_is_not_asked_for(
    changes: dict[str, Any], words: str, hook: UisHook, uis: FakeUis
) -> None:
    with pytest.raises(ValueError, match=words):
        hook.start_employee_call(**{**CALL, **changes})
    assert uis.requests == []


def test_a_call_needs_an_own_number(make_hook: MakeHook, uis: FakeUis) -> None:
    hook = make_hook({"virtual_phone_number": None})
    with pytest.raises(UisSettingError) as caught:
        hook.start_employee_call(**CALL)
    assert caught.value.field == "virtual_phone_number"
    uis.in_turn(SESSION)
    hook.start_employee_call(**CALL, virtual_phone_number="+74950000002")
    assert uis.asked()[0].params["virtual_phone_number"] == "74950000002"


def test_a_refused_call(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(error("no_active_phone_number"))
    with pytest.raises(UisCallRefusedError, match="phone of this employee"):
        hook.start_employee_call(**CALL)


def test_a_call_without_an_answer_is_found_again(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(
        result(
            [{"call_session_id": 1, "external_id": None}, {"call_session_id": 2, "external_id": "mp-call-55"}]
        )
    )
    assert hook.call_by_external_id("mp-call-55") == 2
    assert hook.call_by_external_id("mp-call-56") is None


def test_hanging_up(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(HTML, result({"success": "true"}))
    hook.release_call(700100200)
    assert uis.asked()[1].params == {"access_token": TOKEN, "call_session_id": 700100200}
    uis.in_turn(error("call_session_not_found"))
    with pytest.raises(UisCallStateError, match="over"):
        hook.release_call(700100200)
    uis.in_turn(result({"success": "true"}))
    hook.disconnect_leg(700100200, 880011)
    assert uis.asked("disconnect.leg")[0].params["leg_id"] == 880011


def test_a_report_of_a_long_time(make_hook: MakeHook, uis: FakeUis) -> None:
    calls = [
        {"id": number, "start_time": f"2026-{1 + number // 28:02d}-{1 + number % 28:02d} 03:00:00"}
        for number in range(100)
    ]

    def answer(asked: Asked) -> Reply:
        params = asked.params
        within = [row for row in calls if params["date_from"] <= row["start_time"] <= params["date_till"]]
        return table(within)(asked)

    uis.answer = answer
    hook = make_hook({"page_size": 7})
    pages = list(hook.calls_report(START, START + timedelta(days=120)))
    assert [row["id"] for page in pages for row in page.rows] == list(range(100))
    assert [page.is_last for page in pages].count(True) == 1
    assert pages[-1].is_last
    asked = uis.asked()[0].params
    assert (asked["date_from"], asked["date_till"]) == ("2026-01-01 03:00:00", "2026-02-01 03:00:00")
    assert hook.moment(calls[0]["start_time"]) == START
    assert hook.account_text(START) == "2026-01-01 03:00:00"


def test_a_report_with_too_many_rows_is_read_in_shorter_windows(make_hook: MakeHook, uis: FakeUis) -> None:
    def answer(asked: Asked) -> Reply:
        row = {"id": len(uis.asked()), "start_time": asked.params["date_from"]}
        return result([row], total=200_000 if len(uis.asked()) == 1 else 1)

    uis.answer = answer
    pages = make_hook().calls_report(START, START + timedelta(days=2))
    assert [row["id"] for page in pages for row in page.rows] == [2, 3]
    assert [(each.params["date_from"], each.params["date_till"]) for each in uis.asked()] == [
        ("2026-01-01 03:00:00", "2026-01-03 03:00:00"),
        ("2026-01-01 03:00:00", "2026-01-02 03:00:00"),
        ("2026-01-02 03:00:00", "2026-01-03 03:00:00"),
    ]


def test_legs(hook: UisHook, uis: FakeUis) -> None:
    uis.answer = table([{"id": 1, "start_time": "2026-01-01 03:00:00"}])
    (page,) = hook.call_legs_report(START, START)
    assert page.rows[0]["id"] == 1
    assert uis.asked()[0].method == "get.call_legs_report"


def test_recordings_lie_where_the_connection_says(make_hook: MakeHook, uis: FakeUis) -> None:
    assert make_hook().record_url(7, "ab") == f"{uis.url}/system/media/talk/7/ab/"
    brand = make_hook({"brand": "novofon"}, host=None)
    assert brand.record_url(7, "ab", "wav") == "https://app.novofon.ru/system/media/wav/7/ab/"
    assert brand.session_record_url(7, "ab") == "https://media.novofon.ru/7/ab"
    with pytest.raises(UisSettingError, match="records_url"):
        make_hook({"brand": "callgear"}, host=None).record_url(7, "ab")
