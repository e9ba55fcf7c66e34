"""Calls over real HTTP: begun, ended, and read in reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.uis_hook.conftest import START, TOKEN, MakeClient, call
from tests.unit.uis_hook.fake_uis import HTML, SESSION, Asked, FakeUis, Reply, error, result, table
from uis_hook.account_time import account_text, moment_of
from uis_hook.call_control import list_calls, release_call, with_external_id
from uis_hook.client import UisClient
from uis_hook.exceptions import UisCallRefusedError, UisCallStateError
from uis_hook.reports import calls_report


def test_click_to_call(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(SESSION)
    options = {"show_virtual_phone_number": False, "switch_at_once": True, "early_switching": True}
    assert client.ask(call(employee_phone_number="101", options=options)) == 700100300
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
        ({"options": {"early_switching": True}}, "switch_at_once"),
        ({"options": {"early_switching": True, "switch_at_once": True}, "first_call": "contact"}, "employee"),
    ],
)
def test_a_call_that_cannot_be_made_is_not_asked_for(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(**changes)


def test_a_refused_call(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(error("no_active_phone_number"))
    with pytest.raises(UisCallRefusedError, match="phone of this employee"):
        client.ask(call())


def test_a_call_without_an_answer_is_found_again(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(
        result(
            [{"call_session_id": 1, "external_id": None}, {"call_session_id": 2, "external_id": "mp-call-55"}]
        )
    )
    calls = client.ask(list_calls())
    assert with_external_id(calls, "mp-call-55") == 2
    assert with_external_id(calls, "mp-call-56") is None


def test_hanging_up(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(HTML, result({"success": "true"}))
    client.ask(release_call(700100200))
    assert uis.asked()[1].params == {"access_token": TOKEN, "call_session_id": 700100200}
    uis.in_turn(error("call_session_not_found"))
    with pytest.raises(UisCallStateError, match="over"):
        client.ask(release_call(700100200))


def test_a_report_of_a_long_time(make_client: MakeClient, uis: FakeUis) -> None:
    calls = [
        {"id": number, "start_time": f"2026-{1 + number // 28:02d}-{1 + number % 28:02d} 03:00:00"}
        for number in range(100)
    ]

    def answer(asked: Asked) -> Reply:
        params = asked.params
        within = [row for row in calls if params["date_from"] <= row["start_time"] <= params["date_till"]]
        return table(within)(asked)

    uis.answer = answer
    client = make_client({"page_size": 7})
    pages = list(client.pages(calls_report(client.settings, START, START + timedelta(days=120))))
    assert [row["id"] for page in pages for row in page.rows] == list(range(100))
    assert [page.is_last for page in pages].count(True) == 1
    assert pages[-1].is_last
    asked = uis.asked()[0].params
    assert (asked["date_from"], asked["date_till"]) == ("2026-01-01 03:00:00", "2026-02-01 03:00:00")
    assert moment_of(calls[0]["start_time"], client.settings.zone) == START
    assert account_text(START, client.settings.zone) == "2026-01-01 03:00:00"


def test_a_report_with_too_many_rows_is_read_in_shorter_windows(client: UisClient, uis: FakeUis) -> None:
    def answer(asked: Asked) -> Reply:
        row = {"id": len(uis.asked()), "start_time": asked.params["date_from"]}
        return result([row], total=200_000 if len(uis.asked()) == 1 else 1)

    uis.answer = answer
    report = calls_report(client.settings, START, START + timedelta(days=2))
    assert [row["id"] for row in client.rows(report)] == [2, 3]
    assert [(each.params["date_from"], each.params["date_till"]) for each in uis.asked()] == [
        ("2026-01-01 03:00:00", "2026-01-03 03:00:00"),
        ("2026-01-01 03:00:00", "2026-01-02 03:00:00"),
        ("2026-01-02 03:00:00", "2026-01-03 03:00:00"),
    ]


def test_recordings_lie_where_the_connection_says(make_client: MakeClient, uis: FakeUis) -> None:
    assert make_client().settings.records_url == uis.url
    brand = make_client({"brand": "novofon"}, host=None).settings
    assert (brand.records_url, brand.media_url) == ("https://app.novofon.ru", "https://media.novofon.ru")
    assert make_client({"brand": "callgear"}, host=None).settings.records_url is None
