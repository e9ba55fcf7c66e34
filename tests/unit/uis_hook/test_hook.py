"""The hook over real HTTP, against a server that answers as each test tells it."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.uis_hook.conftest import PASSWORD, TOKEN, FreePoints
from tests.unit.uis_hook.fake_uis import LIMITS, Asked, FakeUis, Reply, error, result
from uis_hook.deals import DealContact, DealRecord, FinalStage, Stage
from uis_hook.exceptions import (
    UisAddressNotAllowedError,
    UisCallRefusedError,
    UisCallStateError,
    UisLimitExceededError,
    UisLoginError,
    UisMissingParameterError,
    UisNotFoundError,
    UisPagingError,
    UisServerError,
    UisSettingError,
    UisSortProhibitedError,
    UisTokenError,
    UisTransportError,
)
from uis_hook.hook import UisHook
from uis_hook.limits import LimitWindow

MakeHook = Callable[..., UisHook]
START = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = result([{"app_id": 100001, "name": "Компания", "timezone": "Europe/Moscow"}])
SESSION = result({"call_session_id": 700100300}, limits={})
HTML = Reply(b"<html>Bad Gateway</html>", 502)
SILENCE = Reply(silence=True)
INVALID = error("access_token_invalid", -32001)
CALL: dict[str, Any] = {"employee_id": 501, "contact": "+7 900 000-00-01", "external_id": "mp-call-55"}


def test_constructing_reads_no_connection() -> None:
    assert UisHook("there_is_none").uis_conn_id == "there_is_none"


def test_class_attributes() -> None:
    assert (UisHook.conn_name_attr, UisHook.default_conn_name, UisHook.conn_type, UisHook.hook_name) == (
        "uis_conn_id",
        "uis_default",
        "uis",
        "UIS / CoMagic / Novofon",
    )


def test_a_request_as_it_travels(hook: UisHook, uis: FakeUis, points: FreePoints) -> None:
    uis.in_turn(ACCOUNT)
    assert hook.account_info()["app_id"] == 100001
    (asked,) = uis.asked()
    assert asked.path == "/v2.0"
    assert asked.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert "Authorization" not in asked.headers
    assert asked.document == {
        "jsonrpc": "2.0",
        "id": asked.document["id"],
        "method": "get.account",
        "params": {"access_token": TOKEN},
    }
    assert points.acquired == [("data", "get.account", 1)]
    assert hook.requests_sent == 1


def test_a_reseller_acts_for_a_client(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.in_turn(ACCOUNT)
    make_hook({"customer_user_id": 77}).account_info()
    assert uis.asked()[0].params == {"access_token": TOKEN, "user_id": 77}


def test_limits_are_those_of_the_last_answer(hook: UisHook, uis: FakeUis, points: FreePoints) -> None:
    assert (hook.limits, hook.call_limits) == (None, None)
    uis.in_turn(ACCOUNT)
    hook.account_info()
    assert hook.limits is not None
    assert hook.limits.day == LimitWindow(3000, 2991, 40211)
    assert hook.limits.minute == LimitWindow(60, 59, 41)
    assert hook.call_limits is None
    assert points.observed == [("data", hook.limits)]


def test_a_used_up_minute_is_waited_out_and_a_day_is_not(
    make_hook: MakeHook, uis: FakeUis, sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = make_hook(own_points=True)
    clock = [100.0]
    monkeypatch.setattr("uis_hook.points.time.monotonic", lambda: clock[0])

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        clock[0] += seconds

    hook._sleep = sleep
    # the budget takes its clock when it is made
    monkeypatch.setattr(hook.points, "_clock", lambda: clock[0])
    uis.in_turn(
        result({}, limits={**LIMITS, "minute_remaining": 0, "minute_reset": 30}),
        result({}, limits={**LIMITS, "day_remaining": 0}),
    )
    hook.account_info()
    assert sleeps == []
    hook.account_info()
    assert sleeps == [30]
    with pytest.raises(UisLimitExceededError, match="per day") as caught:
        hook.account_info()
    assert (len(uis.asked()), caught.value.retry_after, caught.value.connection_id) == (2, 40211, "uis_test")


def test_limit_exceeded_is_waited_out_even_for_a_call(
    hook: UisHook, uis: FakeUis, sleeps: list[float], points: FreePoints
) -> None:
    limited = error(
        "limit_exceeded",
        -32029,
        message="Limit per minute has been exceeded. Value of current limit per minute is 60",
        metadata={"limits": {**LIMITS, "minute_remaining": 0}},
    )
    uis.in_turn(limited, SESSION)
    assert hook.start_employee_call(**CALL) == 700100300
    assert sleeps == [41]
    assert points.backed_off == [("call", 41)]


# -- keys


def with_login(make_hook: MakeHook) -> UisHook:
    return make_hook({"access_token": ""}, login="robot@example.org", password=PASSWORD)


def test_a_session_key_is_renewed_when_refused(make_hook: MakeHook, uis: FakeUis) -> None:
    hook = with_login(make_hook)
    uis.in_turn(ACCOUNT, INVALID, ACCOUNT)
    hook.account_info()
    hook.account_info()
    assert [each.params["access_token"] for each in uis.asked()] == [
        "secret-session-1",
        "secret-session-1",
        "secret-session-2",
    ]
    assert uis.logins()[0].params == {"login": "robot@example.org", "password": PASSWORD}


def test_the_call_api_has_its_own_login(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.in_turn(result([]))
    with_login(make_hook).calls_in_progress()
    assert [each.path for each in uis.logins()] == ["/v4.0"]


def test_a_refused_login(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.login_answer = lambda asked: error("auth_error", -32001)
    with pytest.raises(UisLoginError, match="Login and Password"):
        with_login(make_hook).account_info()
    assert len(uis.logins()) == 1


def test_threads_share_one_hook(make_hook: MakeHook, uis: FakeUis) -> None:
    hook = with_login(make_hook)
    uis.in_turn(ACCOUNT)
    threads = [threading.Thread(target=hook.account_info) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(uis.asked()) == 8
    assert hook.requests_sent == 8 + len(uis.logins())


def test_secrets_stay_out_of_logs_and_errors(
    make_hook: MakeHook,
    uis: FakeUis,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hook = with_login(make_hook)
    uis.in_turn(HTML, error("error", message="no", field="employee.phone_number", value="79161112233"))
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match="phone_number") as caught:
        hook.account_info()
    seen = caplog.text + capsys.readouterr().out + str(caught.value) + repr(caught.value)
    assert "Trying again" in seen
    assert not any(secret in seen for secret in (PASSWORD, "secret-session", "79161112233"))


# -- failures


@pytest.mark.parametrize(
    "failure",
    [
        HTML,
        SILENCE,
        Reply(b'{"jsonrpc": "2.0"', cut_at=5),
        Reply({"result": {"data": []}}, cut_at=20),
        error("internal_error", -32603),
        error("internal_error", -32603, status=500),
    ],
    ids=["html", "silence", "truncated", "cut", "internal_error", "internal_error with 500"],
)
def test_reads_are_tried_again(failure: Reply, hook: UisHook, uis: FakeUis, sleeps: list[float]) -> None:
    uis.in_turn(failure, ACCOUNT)
    assert hook.account_info()["app_id"] == 100001
    assert len(sleeps) == 1


@pytest.mark.parametrize(
    "failure", [HTML, SILENCE, Reply({"result": {}}, cut_at=10), error("internal_error", -32603), result({})]
)
def test_a_call_whose_fate_is_not_known_is_never_repeated(
    failure: Reply, hook: UisHook, uis: FakeUis, sleeps: list[float]
) -> None:
    uis.in_turn(failure, SESSION)
    with pytest.raises((UisTransportError, UisServerError)) as caught:
        hook.start_employee_call(**CALL)
    assert caught.value.maybe_accepted
    assert len(uis.asked("start.employee_call")) == 1
    assert sleeps == []


def test_a_call_that_times_out_is_never_repeated(make_hook: MakeHook, uis: FakeUis) -> None:
    def slowly(asked: Asked) -> Reply:
        time.sleep(0.5)
        return SESSION

    uis.answer = slowly
    with pytest.raises(UisTransportError, match="no answer in time") as caught:
        make_hook({"read_timeout_seconds": 0.1}).start_employee_call(**CALL)
    assert caught.value.maybe_accepted
    assert len(uis.asked()) == 1


def test_a_call_is_tried_again_when_no_connection_came_about(
    make_hook: MakeHook, sleeps: list[float]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        hook = make_hook(host=f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(UisTransportError, match="connection refused") as caught:
            hook.start_employee_call(**CALL)
    assert not caught.value.maybe_accepted
    assert len(sleeps) == 4


def test_a_call_takes_no_connection_that_may_be_dead(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(ACCOUNT)
    hook.account_info()
    hook.account_info()
    assert uis.connections == 1
    uis.in_turn(SESSION)
    hook.start_employee_call(**CALL)
    assert uis.connections == 2
    assert uis.asked()[-1].headers["Connection"] == "close"


def test_refusals_are_not_tried_again(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(error("ip_not_whitelisted", -32003))
    with pytest.raises(UisAddressNotAllowedError, match="Connection 'uis_test'"):
        hook.account_info()
    uis.in_turn(INVALID)
    with pytest.raises(UisTokenError, match="brand"):
        hook.account_info()
    assert len(uis.asked()) == 2


def test_a_redirect_is_not_followed(hook: UisHook, uis: FakeUis) -> None:
    # the POST would silently become a GET elsewhere
    uis.in_turn(Reply(b"", 302, {"Location": f"{uis.url}/login"}))
    with pytest.raises(UisTransportError, match="redirect"):
        hook.call("set.tag_communications", {"tag_id": 1})
    assert len(uis.requests) == 1


def test_no_password_of_another_program_is_sent(
    hook: UisHook, uis: FakeUis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    uis.in_turn(ACCOUNT)
    hook.account_info()
    assert "Authorization" not in uis.asked()[0].headers


def test_a_method_without_a_name_here(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(HTML, result([{"id": 1, "name": "x"}], total=1))
    assert hook.call("get.tags").data == [{"id": 1, "name": "x"}]
    uis.in_turn(HTML, result({}))
    with pytest.raises(UisServerError):
        hook.call("set.tag_communications", {"tag_id": 1})
    assert len(uis.asked("set.tag_communications")) == 1


# -- lists


def table(rows: list[dict[str, Any]], refuses_sort: bool = False) -> Callable[[Asked], Reply]:
    """Serve a list as UIS does, by limit, offset and sort."""

    def answer(asked: Asked) -> Reply:
        params = asked.params
        found = list(rows)
        for each in reversed(params.get("sort", [])):
            if refuses_sort:
                return error("sort_prohibited", field="sort.0.field", value=each["field"])
            found.sort(key=lambda row: row[each["field"]])
        return result(found[params["offset"] :][: params["limit"]], total=len(found))

    return answer


def test_a_list_is_read_page_by_page(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.answer = table([{"id": number} for number in range(25, 0, -1)])
    found = make_hook({"page_size": 10}).employees(fields=("id",))
    assert [row["id"] for row in found] == list(range(1, 26))
    assert uis.asked()[0].params == {
        "access_token": TOKEN,
        "fields": ["id"],
        "limit": 10,
        "offset": 0,
        "sort": [{"field": "id", "order": "asc"}],
    }


def test_a_list_that_cannot_be_sorted_is_read_when_it_fits_on_a_page(
    make_hook: MakeHook, uis: FakeUis
) -> None:
    uis.answer = table([{"id": 3}, {"id": 1}], refuses_sort=True)
    assert [row["id"] for row in make_hook().virtual_numbers()] == [3, 1]
    with pytest.raises(UisPagingError, match="vendor_quirks") as caught:
        make_hook({"page_size": 1}).virtual_numbers()
    assert isinstance(caught.value.__cause__, UisSortProhibitedError)


def test_a_page_is_asked_for_only_when_it_is_wanted(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.answer = table([{"ext_id": str(number)} for number in range(10)])
    pages = make_hook({"page_size": 5}).deal_contacts()
    next(pages)
    assert len(uis.asked()) == 1


# -- people


def test_a_status_is_found_by_its_mnemonic(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(
        result(
            [
                {"id": 7, "mnemonic": "do_not_disturb", "is_deleted": True},
                {"id": 8, "mnemonic": None},
                {"id": 33, "mnemonic": "do_not_disturb", "is_deleted": False},
            ],
            total=3,
        )
    )
    assert hook.status_id("do_not_disturb") == 33
    with pytest.raises(UisNotFoundError, match="available"):
        hook.status_id("available")


PHONE = {
    "phone_id": 9001,
    "phone_number": "0100001",
    "channels_count": 1,
    "dial_time": 30,
    "status": "active",
}
PRESENT = {"id": 501, "last_name": "Иванова", "phone_numbers": [PHONE]}


def strict(asked: Asked) -> Reply:
    """Require last_name and phone_numbers, as the vendor's table has it."""
    if asked.method == "get.employees":
        return result([PRESENT], total=1)
    for name in ("last_name", "phone_numbers"):
        if name not in asked.params:
            return error("required_parameter_missed", field=name)
    return result({})


@pytest.mark.parametrize(
    ("mode", "methods"),
    [
        ("given_then_full", ["update.employees", "get.employees", "update.employees"]),
        ("full", ["get.employees", "update.employees"]),
    ],
)
def test_an_update_brings_what_uis_misses(
    mode: str, methods: list[str], make_hook: MakeHook, uis: FakeUis
) -> None:
    uis.answer = strict
    hook = make_hook({"vendor_quirks": {"employee_update": mode}})
    hook.update_employee(501, status_id=3)
    assert [each.method for each in uis.asked()] == methods
    # what an account wants is learnt once
    hook.update_employee(501, status_id=3)
    assert [each.method for each in uis.asked()] == [*methods, "get.employees", "update.employees"]
    assert uis.asked()[-1].params == {
        "access_token": TOKEN,
        "id": 501,
        "last_name": "Иванова",
        "phone_numbers": [{name: value for name, value in PHONE.items() if name != "phone_id"}],
        "status_id": 3,
    }
    assert uis.asked("get.employees")[0].params["filter"] == {"field": "id", "operator": "=", "value": 501}


def test_an_update_that_may_be_partial_is_one_request(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.in_turn(result({}))
    make_hook().update_employee(501, status_id=3)
    assert uis.asked()[0].params == {"access_token": TOKEN, "id": 501, "status_id": 3}
    assert len(uis.asked()) == 1
    uis.answer = strict
    with pytest.raises(UisMissingParameterError, match="last_name"):
        make_hook({"vendor_quirks": {"employee_update": "given"}}).update_employee(501, status_id=3)


def test_an_update_of_nobody(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.answer = lambda asked: (
        result([], total=0) if asked.method == "get.employees" else error("required_parameter_missed")
    )
    with pytest.raises(UisNotFoundError, match="501"):
        make_hook().update_employee(501, status_id=3)


# -- calls


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


# -- deals


def test_what_deals_point_at(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(result({"ext_id": "f"}))
    hook.create_sales_funnel(
        "f", "F", success=FinalStage("w", "W"), failed=FinalStage("l", "L"), in_process=[Stage("s", "S", 10)]
    )
    hook.rename_sales_funnel("f", "G")
    hook.create_stage("f", Stage("t", "T", 20))
    hook.update_stage("f", "t", order=30)
    hook.delete_stage("f", "t")
    hook.create_deal_employee("e", "E")
    hook.rename_deal_employee("e", "F")
    hook.create_deal_contacts([DealContact("c", "C", ("+79000000001",))])
    hook.update_deal_contact(DealContact("c", "D"))
    hook.create_deal_user_field("mp_currency", "Валюта", "string")
    hook.delete_deal("d")
    assert [each.method for each in uis.asked()] == [
        "create.sales_funnel",
        "update.sales_funnel",
        "create.sales_funnel_stages",
        "update.sales_funnel_stages",
        "delete.sales_funnel_stages",
        "create.deal_employees",
        "update.deal_employees",
        "create.deal_contacts",
        "update.deal_contacts",
        "create.deal_user_field",
        "delete.deals",
    ]
    assert all(each.path == "/v2.0" for each in uis.asked())


def test_the_lists_around_deals(hook: UisHook, uis: FakeUis) -> None:
    uis.answer = table([{"ext_id": "x"}])
    for read in (hook.sales_funnels, hook.deal_employees, hook.deal_user_fields):
        assert read() == [{"ext_id": "x"}]
    for walk in (hook.deal_contacts, hook.deals_history):
        assert [page.rows for page in walk()] == [[{"ext_id": "x"}]]
    assert [each.method for each in uis.asked()] == [
        "get.sales_funnel",
        "get.deal_employees",
        "get.deal_user_fields",
        "get.deal_contacts",
        "get.deals_history",
    ]


DEAL = DealRecord("d", "D", START, START, "f", "s", revenue=Decimal(150000))


def test_an_upload_whose_answer_got_lost_is_left_to_the_caller(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.in_turn(SILENCE, result({}))
    with pytest.raises(UisTransportError) as caught:
        make_hook().upload_deals_history([DEAL])
    assert caught.value.maybe_accepted
    make_hook({"vendor_quirks": {"resend_uploads": True}}).upload_deals_history([DEAL])
    uis.in_turn(SILENCE, result({}))
    make_hook({"vendor_quirks": {"resend_uploads": True}}).upload_deals_history([DEAL])
    assert uis.asked()[-1].params["deals"] == [
        {
            "ext_id": "d",
            "name": "D",
            "created_date_time": "2026-01-01 03:00:00",
            "modified_stage_date_time": "2026-01-01 03:00:00",
            "sales_funnel_ext_id": "f",
            "stage_ext_id": "s",
            "revenue": 150000,
        }
    ]
    assert len(uis.asked()) == 4


def test_a_deal_from_the_future_is_not_sent(hook: UisHook, uis: FakeUis) -> None:
    with pytest.raises(ValueError, match="created_at"):
        hook.upload_deals_history([DEAL], now=START - timedelta(seconds=1))
    assert uis.requests == []


def test_novofon_knows_no_communication_of_a_deal(make_hook: MakeHook, uis: FakeUis) -> None:
    record = replace(DEAL, communication_id=700100200, communication_type="call")
    with pytest.raises(ValueError, match="communication_id: Novofon"):
        make_hook({"brand": "novofon"}).upload_deals_history([record])
    assert uis.requests == []
    make_hook().upload_deals_history([record])
    assert uis.asked()[0].params["deals"][0]["communication_id"] == 700100200


def test_how_many_deals_are_waiting(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(result({"count": 3}))
    assert hook.deals_in_processing() == 3
    uis.in_turn(result({}))
    with pytest.raises(UisTransportError, match="count"):
        hook.deals_in_processing()


def test_deals_as_the_cabinet_shows_them(hook: UisHook, uis: FakeUis) -> None:
    row = {"deal_ext_id": "d", "deal_date_time": "2026-01-01 03:00:00"}

    def answer(asked: Asked) -> Reply:
        if asked.method == "get.reports_list":
            return result([{"id": 1, "type": "calls"}, {"id": 9, "type": "deals"}])
        return result(row, total=1)

    uis.answer = answer
    (page,) = hook.deals(START, START + timedelta(days=300))
    assert page.rows == [row]
    asked = uis.asked("get.deals")[0].params
    assert asked["report_id"] == 9
    assert "deal_revenue" in asked["fields"]
    assert (asked["date_from"], asked["date_till"]) == ("2026-01-01 03:00:00", "2026-10-28 03:00:00")
    list(hook.deals(START, START, report_id=10))
    assert len(uis.asked("get.reports_list")) == 1
    uis.in_turn(result([{"id": 1, "name": "deal_ext_id"}]))
    assert hook.columns_tree() == [{"id": 1, "name": "deal_ext_id"}]
    assert uis.asked("getobj.columns_tree")[0].params["report_type"] == "deals"


# -- the Test button


def test_test_connection_says_who_we_are(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(ACCOUNT)
    assert hook.test_connection() == (
        True,
        "Logged in to account Компания (100001). 2991 of 3000 points are left today.",
    )


def test_test_connection_compares_the_time_zones(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.in_turn(ACCOUNT)
    is_good, told = make_hook({"account_timezone": "Asia/Yekaterinburg"}).test_connection()
    assert not is_good
    assert "set account_timezone to Europe/Moscow" in told


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (INVALID, "brand"),
        (error("ip_not_whitelisted", -32003), "public address"),
        (HTML, "HTTP 502"),
        (Reply(b"<html>hello</html>"), "check brand"),
    ],
)
def test_test_connection_says_what_is_wrong(
    reply: Reply, words: str, hook: UisHook, uis: FakeUis, sleeps: list[float]
) -> None:
    uis.in_turn(reply)
    is_good, told = hook.test_connection()
    assert not is_good
    assert words in told
    assert "uis_test" not in told
    assert len(sleeps) <= 1


def test_test_connection_names_the_wrong_field(make_hook: MakeHook) -> None:
    is_good, told = make_hook({"brand": "mango"}).test_connection()
    assert not is_good
    assert told.startswith("This connection, field 'brand'")
