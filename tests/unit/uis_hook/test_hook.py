"""The hook over real HTTP: what it asks, with which key, and what its Test button says."""

from __future__ import annotations

import json
import logging
import threading

import pytest

from tests.docstring_example import run_example
from tests.unit.uis_hook.conftest import PASSWORD, TOKEN, FreePoints, MakeClient, MakeHook, call
from tests.unit.uis_hook.fake_uis import (
    ACCOUNT,
    HTML,
    INVALID,
    LIMITS,
    SESSION,
    FakeUis,
    Reply,
    error,
    result,
    table,
)
from uis_hook.call_control import list_calls
from uis_hook.client import UisClient
from uis_hook.exceptions import UisLimitExceededError, UisLoginError
from uis_hook.hook import UisHook
from uis_hook.limits import LimitWindow
from uis_hook.points import LocalPoints
from uis_hook.staff import account


def test_constructing_reads_no_connection() -> None:
    assert UisHook("there_is_none").uis_conn_id == "there_is_none"


def test_class_attributes() -> None:
    assert (UisHook.conn_name_attr, UisHook.default_conn_name, UisHook.conn_type, UisHook.hook_name) == (
        "uis_conn_id",
        "uis_default",
        "uis",
        "UIS / CoMagic / Novofon",
    )


def test_a_request_as_it_travels(client: UisClient, uis: FakeUis, points: FreePoints) -> None:
    uis.in_turn(ACCOUNT)
    assert client.ask(account())["app_id"] == 100001
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
    assert client.requests_sent == 1


def test_a_reseller_acts_for_a_client(make_client: MakeClient, uis: FakeUis) -> None:
    uis.in_turn(ACCOUNT)
    make_client({"customer_user_id": 77}).ask(account())
    assert uis.asked()[0].params == {"access_token": TOKEN, "user_id": 77}


def test_limits_are_those_of_the_last_answer(client: UisClient, uis: FakeUis, points: FreePoints) -> None:
    assert client.limits is None
    uis.in_turn(ACCOUNT)
    client.ask(account())
    assert client.limits is not None
    assert client.limits.day == LimitWindow(3000, 2991, 40211)
    assert client.limits.minute == LimitWindow(60, 59, 41)
    uis.in_turn(result([], limits={"day_remaining": 1}))
    client.ask(list_calls())
    assert client.limits.day.remaining == 2991
    assert points.observed[0] == ("data", client.limits)
    assert [api for api, _ in points.observed] == ["data", "call"]


def test_a_used_up_minute_is_waited_out_and_a_day_is_not(
    make_client: MakeClient, uis: FakeUis, sleeps: list[float]
) -> None:
    clock = [100.0]

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        clock[0] += seconds

    client = make_client(budget=LocalPoints(90, lambda: clock[0], sleep))
    uis.in_turn(
        result({}, limits={**LIMITS, "minute_remaining": 0, "minute_reset": 30}),
        result({}, limits={**LIMITS, "day_remaining": 0}),
    )
    client.ask(account())
    assert sleeps == []
    client.ask(account())
    assert sleeps == [30]
    with pytest.raises(UisLimitExceededError, match="per day") as caught:
        client.ask(account())
    assert (len(uis.asked()), caught.value.retry_after, caught.value.connection_id) == (2, 40211, "uis_test")


def test_a_budget_of_its_own_waits_as_long_as_the_setting_says(make_client: MakeClient, uis: FakeUis) -> None:
    client = make_client({"longest_limit_wait_seconds": 29}, budget=None)
    uis.in_turn(result({}, limits={**LIMITS, "minute_remaining": 0, "minute_reset": 30}))
    client.ask(account())
    with pytest.raises(UisLimitExceededError, match="per minute"):
        client.ask(account())
    assert len(uis.asked()) == 1


def test_limit_exceeded_is_waited_out_even_for_a_call(
    client: UisClient, uis: FakeUis, sleeps: list[float], points: FreePoints
) -> None:
    limited = error(
        "limit_exceeded",
        -32029,
        message="Limit per minute has been exceeded. Value of current limit per minute is 60",
        metadata={"limits": {**LIMITS, "minute_remaining": 0}},
    )
    uis.in_turn(limited, SESSION)
    assert client.ask(call()) == 700100300
    assert sleeps == [41]
    assert points.backed_off == [("call", 41)]


def with_login(make_client: MakeClient) -> UisClient:
    return make_client({"access_token": ""}, login="robot@example.org", password=PASSWORD)


def test_a_session_key_is_renewed_when_refused(make_client: MakeClient, uis: FakeUis) -> None:
    client = with_login(make_client)
    uis.in_turn(ACCOUNT, INVALID, ACCOUNT)
    client.ask(account())
    client.ask(account())
    assert [each.params["access_token"] for each in uis.asked()] == [
        "secret-session-1",
        "secret-session-1",
        "secret-session-2",
    ]
    assert uis.logins()[0].params == {"login": "robot@example.org", "password": PASSWORD}


def test_the_call_api_has_its_own_login(make_client: MakeClient, uis: FakeUis) -> None:
    uis.in_turn(result([]))
    with_login(make_client).ask(list_calls())
    assert [each.path for each in uis.logins()] == ["/v4.0"]


def test_a_refused_login(make_client: MakeClient, uis: FakeUis) -> None:
    uis.login_answer = lambda asked: error("auth_error", -32001)
    with pytest.raises(UisLoginError, match="Login and Password"):
        with_login(make_client).ask(account())
    assert len(uis.logins()) == 1


def test_threads_share_one_hook(make_client: MakeClient, uis: FakeUis) -> None:
    client = with_login(make_client)
    uis.in_turn(ACCOUNT)
    threads = [threading.Thread(target=client.ask, args=(account(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(uis.asked()) == 8
    assert client.requests_sent == 8 + len(uis.logins())


def test_secrets_stay_out_of_logs_and_errors(
    make_client: MakeClient,
    uis: FakeUis,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = with_login(make_client)
    uis.in_turn(HTML, error("error", message="no", field="employee.phone_number", value="79161112233"))
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match="phone_number") as caught:
        client.ask(account())
    seen = caplog.text + capsys.readouterr().out + str(caught.value) + repr(caught.value)
    assert "Trying again" in seen
    assert not any(secret in seen for secret in (PASSWORD, "secret-session", "79161112233"))


def test_the_example_of_the_docstring_runs(
    uis: FakeUis, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = {"conn_type": "uis", "host": uis.url, "extra": {"access_token": TOKEN}}
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(connection))
    uis.answer = table([{"id": 502, "full_name": "Петров Пётр"}, {"id": 501, "full_name": "Иванова Анна"}])
    run_example(UisHook)
    assert "['Иванова Анна', 'Петров Пётр']" in capsys.readouterr().out


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
