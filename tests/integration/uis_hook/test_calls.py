"""The hook against the emulator: calls made, ended and reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from uis_hook.account_time import moment_of
from uis_hook.call_control import list_calls, release_call, start_employee_call, with_external_id
from uis_hook.client import UisClient
from uis_hook.exceptions import (
    UisCallStateError,
    UisError,
    UisForbiddenError,
    UisNotFoundError,
    UisTransportError,
)
from uis_hook.jsonrpc import Request
from uis_hook.recordings import record_url
from uis_hook.reports import calls_report
from uis_hook.staff import account

from .emulated_cabinet import CONTACT, Emulator, MakeClient


def call(external_id: str, **changes: Any) -> Request[int]:
    asked = {"employee_id": 501, "contact": CONTACT, "virtual_phone_number": "74950000001"}
    return start_employee_call(**{**asked, "external_id": external_id, **changes})


def play(emulator: Emulator, **spec: Any) -> int:
    (played,) = emulator.control("calls", {"time": "virtual", **spec})
    return int(played["id"])


def load(emulator: Emulator, count: int, **spec: Any) -> None:
    emulator.control("mutate", {"op": "load_calls", "count": count, **spec})


def test_a_finished_call_with_its_recording(emulator: Emulator, client: UisClient) -> None:
    start = emulator.now() - timedelta(hours=1)
    number = play(emulator, kind="incoming_answered", contact=CONTACT, employee=501, start=start.timestamp())
    (row,) = client.rows(calls_report(client.settings, start - timedelta(hours=1), emulator.now()))
    assert (row["id"], row["direction"], row["is_lost"]) == (number, "in", False)
    assert row["contact_phone_number"] == CONTACT
    assert row["last_talked_employee_id"] == 501
    assert moment_of(row["start_time"], client.settings.zone) == start.replace(microsecond=0)
    link = record_url(client.settings.records_url or "", row["id"], row["call_records"][0])
    answer = requests.get(link, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert len(answer.content) > 100


@pytest.mark.parametrize("page_size", [7, 1000])
def test_a_report_over_half_a_year(page_size: int, emulator: Emulator, make_client: MakeClient) -> None:
    span = 200 * 86400
    load(emulator, 120, span_s=span)
    now = emulator.now()
    client = make_client({"page_size": page_size})
    pages = list(client.pages(calls_report(client.settings, now - timedelta(days=210), now)))
    found = [row["id"] for page in pages for row in page.rows]
    assert len(found) == len(set(found)) == 120
    assert set(found) == {each["id"] for each in emulator.control("calls")}
    assert [page.is_last for page in pages].count(True) == 1
    asked = [entry["params"] for entry in emulator.requests("get.calls_report")]
    assert {entry["mnemonic"] for entry in emulator.requests("get.calls_report")} == {None}
    assert len({(params["date_from"], params["date_till"]) for params in asked}) == 7


def test_calls_that_began_in_one_second_are_all_read(emulator: Emulator, make_client: MakeClient) -> None:
    start = emulator.now() - timedelta(hours=2)
    load(emulator, 40, span_s=4, start=start.timestamp())
    client = make_client({"page_size": 15})
    report = calls_report(client.settings, start - timedelta(1), emulator.now())
    found = [row["id"] for row in client.rows(report)]
    assert len(found) == len(set(found)) == 40


def test_click_to_call_and_hang_up(emulator: Emulator, client: UisClient) -> None:
    number = client.ask(
        call("mp-call-55", contact="+7 900 000-00-01", options={"show_virtual_phone_number": False})
    )
    (going_on,) = client.ask(list_calls())
    assert going_on["call_session_id"] == number
    assert (going_on["direction"], going_on["contact_phone_number"]) == ("out", CONTACT)
    assert with_external_id(client.ask(list_calls()), "mp-call-55") == number
    assert moment_of(going_on["start_time"], client.settings.zone) == emulator.now().replace(
        microsecond=emulator.now().microsecond // 1000 * 1000
    )
    emulator.control("clock", {"advance": 20})
    client.ask(release_call(number))
    assert client.ask(list_calls()) == []
    with pytest.raises(UisCallStateError, match="over"):
        client.ask(release_call(number))
    emulator.control("clock", {"advance": 20})
    (row,) = client.rows(calls_report(client.settings, emulator.now() - timedelta(hours=1), emulator.now()))
    assert (row["id"], row["source"], row["call_api_external_id"]) == (number, "callapi", "mp-call-55")


@pytest.mark.parametrize("kind", ["close", "reset", "502", "empty", "html", "truncated", "cut"])
def test_a_call_whose_answer_got_lost_is_made_once_and_found_again(
    kind: str, emulator: Emulator, client: UisClient
) -> None:
    emulator.control("faults", {"kind": kind, "method": "start.employee_call", "processed": True})
    with pytest.raises(UisError) as caught:
        client.ask(call("mp-call-56"))
    assert caught.value.maybe_accepted
    assert len(emulator.requests("start.employee_call")) == 1
    number = with_external_id(client.ask(list_calls()), "mp-call-56")
    assert [each["id"] for each in emulator.control("calls")] == [number]


def test_a_call_that_uis_answers_too_late_is_made_once(emulator: Emulator, make_client: MakeClient) -> None:
    client = make_client({"read_timeout_seconds": 0.3})
    emulator.control(
        "faults", {"kind": "slow", "seconds": 1, "method": "start.employee_call", "processed": True}
    )
    with pytest.raises(UisTransportError, match="no answer in time"):
        client.ask(call("mp-call-57"))
    assert len(emulator.control("calls")) == 1
    assert with_external_id(client.ask(list_calls()), "mp-call-57") is not None


def test_an_expired_session_does_not_cost_a_call(emulator: Emulator, make_client: MakeClient) -> None:
    client = make_client({"access_token": ""}, login="demo", password="demo-password")
    assert client.ask(list_calls()) == []
    emulator.control("clock", {"advance": 3700})
    client.ask(call("mp-call-58"))
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
    changes: dict[str, Any], error: type[UisError], emulator: Emulator, client: UisClient
) -> None:
    with pytest.raises(error):
        client.ask(call("mp-call-59", **changes))
    assert emulator.control("calls") == []


def test_the_rights_of_the_two_apis_are_apart(make_client: MakeClient) -> None:
    client = make_client({"access_token": "uis-data-only-token"})
    client.ask(account())
    with pytest.raises(UisForbiddenError):
        client.ask(list_calls())
