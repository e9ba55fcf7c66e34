"""The hook against the emulator: calls made, ended and reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from uis_hook.exceptions import (
    UisCallStateError,
    UisError,
    UisForbiddenError,
    UisNotFoundError,
    UisTransportError,
)
from uis_hook.hook import UisHook

from .emulated_cabinet import CONTACT, Emulator, MakeHook, rows


def play(emulator: Emulator, **spec: Any) -> int:
    (played,) = emulator.control("calls", {"time": "virtual", **spec})
    return int(played["id"])


def load(emulator: Emulator, count: int, **spec: Any) -> None:
    emulator.control("mutate", {"op": "load_calls", "count": count, **spec})


def test_a_finished_call_with_its_recording(emulator: Emulator, hook: UisHook) -> None:
    start = emulator.now() - timedelta(hours=1)
    number = play(emulator, kind="incoming_answered", contact=CONTACT, employee=501, start=start.timestamp())
    (call,) = rows(hook.calls_report(start - timedelta(hours=1), emulator.now()))
    assert (call["id"], call["direction"], call["is_lost"]) == (number, "in", False)
    assert call["contact_phone_number"] == CONTACT
    assert call["last_talked_employee_id"] == 501
    assert hook.moment(call["start_time"]) == start.replace(microsecond=0)
    answer = requests.get(hook.record_url(call["id"], call["call_records"][0]), timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert len(answer.content) > 100
    legs = rows(hook.call_legs_report(start - timedelta(hours=1), emulator.now()))
    assert {leg["call_session_id"] for leg in legs} == {number}
    assert 501 in {leg["employee_id"] for leg in legs}


@pytest.mark.parametrize("page_size", [7, 1000])
def test_a_report_over_half_a_year(page_size: int, emulator: Emulator, make_hook: MakeHook) -> None:
    span = 200 * 86400
    load(emulator, 120, span_s=span)
    now = emulator.now()
    hook = make_hook({"page_size": page_size})
    pages = list(hook.calls_report(now - timedelta(days=210), now))
    found = [row["id"] for page in pages for row in page.rows]
    assert len(found) == len(set(found)) == 120
    assert set(found) == {call["id"] for call in emulator.control("calls")}
    assert [page.is_last for page in pages].count(True) == 1
    asked = [entry["params"] for entry in emulator.requests("get.calls_report")]
    assert {entry["mnemonic"] for entry in emulator.requests("get.calls_report")} == {None}
    assert len({(params["date_from"], params["date_till"]) for params in asked}) == 7


def test_calls_that_began_in_one_second_are_all_read(emulator: Emulator, make_hook: MakeHook) -> None:
    start = emulator.now() - timedelta(hours=2)
    load(emulator, 40, span_s=4, start=start.timestamp())
    found = [
        row["id"]
        for row in rows(make_hook({"page_size": 15}).calls_report(start - timedelta(1), emulator.now()))
    ]
    assert len(found) == len(set(found)) == 40


def test_click_to_call_and_hang_up(emulator: Emulator, hook: UisHook) -> None:
    number = hook.start_employee_call(
        employee_id=501, contact="+7 900 000-00-01", external_id="mp-call-55", show_virtual_phone_number=False
    )
    (going_on,) = hook.calls_in_progress()
    assert going_on["call_session_id"] == number
    assert (going_on["direction"], going_on["contact_phone_number"]) == ("out", CONTACT)
    assert hook.call_by_external_id("mp-call-55") == number
    assert hook.moment(going_on["start_time"]) == emulator.now().replace(
        microsecond=emulator.now().microsecond // 1000 * 1000
    )
    emulator.control("clock", {"advance": 20})
    hook.release_call(number)
    assert hook.calls_in_progress() == []
    with pytest.raises(UisCallStateError, match="over"):
        hook.release_call(number)
    emulator.control("clock", {"advance": 20})
    (call,) = rows(hook.calls_report(emulator.now() - timedelta(hours=1), emulator.now()))
    assert (call["id"], call["source"], call["call_api_external_id"]) == (number, "callapi", "mp-call-55")


@pytest.mark.parametrize("kind", ["close", "reset", "502", "empty", "html", "truncated", "cut"])
def test_a_call_whose_answer_got_lost_is_made_once_and_found_again(
    kind: str, emulator: Emulator, hook: UisHook
) -> None:
    emulator.control("faults", {"kind": kind, "method": "start.employee_call", "processed": True})
    with pytest.raises(UisError) as caught:
        hook.start_employee_call(employee_id=501, contact=CONTACT, external_id="mp-call-56")
    assert caught.value.maybe_accepted
    assert len(emulator.requests("start.employee_call")) == 1
    number = hook.call_by_external_id("mp-call-56")
    assert [call["id"] for call in emulator.control("calls")] == [number]


def test_a_call_that_uis_answers_too_late_is_made_once(emulator: Emulator, make_hook: MakeHook) -> None:
    hook = make_hook({"read_timeout_seconds": 0.3})
    emulator.control(
        "faults", {"kind": "slow", "seconds": 1, "method": "start.employee_call", "processed": True}
    )
    with pytest.raises(UisTransportError, match="no answer in time"):
        hook.start_employee_call(employee_id=501, contact=CONTACT, external_id="mp-call-57")
    assert len(emulator.control("calls")) == 1
    assert hook.call_by_external_id("mp-call-57") is not None


def test_an_expired_session_does_not_cost_a_call(emulator: Emulator, make_hook: MakeHook) -> None:
    hook = make_hook({"access_token": ""}, login="demo", password="demo-password")
    assert hook.calls_in_progress() == []
    emulator.control("clock", {"advance": 3700})
    hook.start_employee_call(employee_id=501, contact=CONTACT, external_id="mp-call-58")
    assert len(emulator.control("calls")) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"employee_id": 999}, UisNotFoundError),
        ({"virtual_phone_number": "74999999999"}, UisNotFoundError),
        ({"employee_phone_number": "79999999999"}, UisError),
    ],
)
def test_a_refused_call_rings_nobody(
    changes: dict[str, Any], error: type[UisError], emulator: Emulator, hook: UisHook
) -> None:
    with pytest.raises(error):
        hook.start_employee_call(
            **{"employee_id": 501, "contact": CONTACT, "external_id": "mp-call-59", **changes}
        )
    assert emulator.control("calls") == []


def test_the_rights_of_the_two_apis_are_apart(make_hook: MakeHook) -> None:
    hook = make_hook({"access_token": "uis-data-only-token"})
    hook.account_info()
    with pytest.raises(UisForbiddenError):
        hook.calls_in_progress()
