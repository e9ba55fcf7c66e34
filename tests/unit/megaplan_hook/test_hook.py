"""The hook over real HTTP, against a server that answers as each test tells it."""

from __future__ import annotations

import json
import logging
import os
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanCursorError,
    MegaplanError,
    MegaplanNotFoundError,
    MegaplanRateLimitError,
    MegaplanSettingError,
    MegaplanTransportError,
    MegaplanValidationError,
)
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import Order
from tests.docstring_example import run_example
from tests.unit.megaplan_hook.conftest import PASSWORD
from tests.unit.megaplan_hook.fake_server import (
    CUT,
    DATE,
    HTML,
    LIMITED,
    USER,
    FakeMegaplan,
    Reply,
    envelope,
    recorded,
)

MakeHook = Callable[..., MegaplanHook]


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"contentType": "Deal", "id": str(n), "name": f"Сделка {n}"} for n in numbers]


def test_constructing_reads_no_connection() -> None:
    assert MegaplanHook("there_is_none").megaplan_conn_id == "there_is_none"


def test_class_attributes() -> None:
    assert (
        MegaplanHook.conn_name_attr,
        MegaplanHook.default_conn_name,
        MegaplanHook.conn_type,
        MegaplanHook.hook_name,
    ) == ("megaplan_conn_id", "megaplan_default", "megaplan", "Megaplan")


def test_settings_never_become_headers_and_the_session_is_kept(
    make_hook: MakeHook, megaplan: FakeMegaplan
) -> None:
    megaplan.in_turn(USER)
    hook = make_hook(
        {"page_size": 50, "webhook_secret": "secret-of-the-hook", "vendor_quirks": {"x_time_zone": -10800}}
    )
    hook.current_user()
    headers = megaplan.asked()[0].headers
    assert set(headers) == {
        *("Host", "User-Agent", "Accept-Encoding", "Accept", "Connection", "Authorization"),
        "X-Time-Zone",
    }
    assert headers["X-Time-Zone"] == "-10800"
    assert hook.get_conn() is hook.get_conn()


def test_a_bare_host_means_https(make_hook: MakeHook) -> None:
    hook = make_hook(host="mp361546.megaplan.ru")
    assert hook.get_conn().get_adapter("https://x").requests_sent == 0  # type: ignore[attr-defined]
    assert hook.base_url == "https://mp361546.megaplan.ru"
    assert hook.account == "mp361546"


def test_arguments_are_one_json_object_in_the_query(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(envelope([])))
    hook.request("GET", "deal", arguments={"limit": 5, "q": "Анна & Ко"})
    (request,) = megaplan.asked()
    assert request.path == "/api/v3/deal"
    assert request.query.startswith("%7B%22limit%22")
    assert request.arguments == {"limit": 5, "q": "Анна & Ко"}


def test_a_body_is_json(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(envelope({"contentType": "Deal", "id": "77"})))
    answer = hook.request("POST", "/deal", body={"contentType": "Deal", "name": "Новая"})
    (request,) = megaplan.asked()
    assert json.loads(request.body) == {"contentType": "Deal", "name": "Новая"}
    assert request.headers["Content-Type"] == "application/json"
    assert answer.data == {"contentType": "Deal", "id": "77"}
    assert answer.server_time == datetime(2026, 9, 21, 9, 15, tzinfo=UTC)


def test_a_walk_asks_for_a_page_only_when_it_is_wanted(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(
        Reply(envelope(rows(1, 2), pagination={"count": 2, "limit": 2})),
        Reply(envelope(rows(3), pagination={"count": 1, "limit": 2})),
    )
    walk = hook.pages("/deal", page_size=2)
    assert megaplan.asked() == []
    page = next(walk)
    assert (len(page.items), page.is_last, page.server_time) == (
        2,
        False,
        datetime(2026, 9, 21, 9, 15, tzinfo=UTC),
    )
    assert len(megaplan.asked()) == 1
    assert [page.is_last for page in walk] == [True]
    assert megaplan.asked()[1].arguments["pageAfter"] == {"contentType": "Deal", "id": "2"}


def test_the_example_of_the_docstring_runs(
    make_hook: MakeHook,
    megaplan: FakeMegaplan,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_hook()
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", os.environ["AIRFLOW_CONN_MEGAPLAN_TEST"])
    megaplan.in_turn(Reply(envelope(rows(1, 2), pagination={"hasMoreNext": True})), Reply(envelope(rows(3))))
    run_example(MegaplanHook)
    assert "['Сделка 1', 'Сделка 2']\n['Сделка 3']" in capsys.readouterr().out
    assert megaplan.asked()[0].arguments == {"fields": ["name", "price"], "limit": 100}


def test_the_page_size_of_the_settings_is_the_default(make_hook: MakeHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(envelope([])))
    list(make_hook({"page_size": 7}).pages("/deal"))
    assert megaplan.asked()[0].arguments == {"limit": 7}


def test_a_walk_steps_back_when_the_cursor_is_gone(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    gone = envelope({}, 404, [{"field": None, "message": "Not found"}])
    megaplan.in_turn(
        Reply(envelope(rows(1, 2), pagination={"limit": 2})),
        Reply(gone, 404),
        Reply(envelope(rows(3), pagination={"limit": 2})),
    )
    assert [row["id"] for page in hook.pages("/deal", page_size=2) for row in page.items] == ["1", "2", "3"]
    assert megaplan.asked()[2].arguments["pageAfter"]["id"] == "1"


def test_an_unknown_field_is_raised(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    error = {"field": None, "message": "Deal have not this fields: deadline"}
    megaplan.in_turn(Reply(envelope({}, 422, [error]), 422))
    with pytest.raises(MegaplanValidationError, match="have not this fields"):
        list(hook.pages("/deal", arguments={"fields": ["deadline"]}, order=Order("timeCreated")))


def test_a_list_without_rows_is_no_answer(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(envelope({"id": "1"})))
    with pytest.raises(MegaplanTransportError, match="'data' is no list"):
        list(hook.pages("/deal"))


def test_list_page_reads_one_page_as_it_is(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(envelope(rows(5, 6), pagination={"count": 2, "limit": 2})))
    page = hook.list_page("/deal", {"limit": 2, "pageAfter": {"contentType": "Deal", "id": "4"}})
    assert (len(page.items), page.is_last, page.trail[-1]["id"]) == (2, False, "6")


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda hook: hook.current_user(), "/currentUser"),
        (lambda hook: hook.account_info(), "/accountInfo"),
        (lambda hook: hook.deal(77), "/deal/77"),
        (lambda hook: hook.contractor("1000042"), "/contractor/1000042"),
        (lambda hook: hook.employee("a/b"), "/employee/a%2Fb"),
    ],
)
def test_single_nouns(hook: MegaplanHook, megaplan: FakeMegaplan, call: Any, path: str) -> None:
    megaplan.in_turn(USER)
    assert call(hook)["contentType"] == "Employee"
    assert megaplan.asked()[0].path == f"/api/v3{path}"
    megaplan.in_turn(Reply(envelope({}, 404), 404))
    with pytest.raises(MegaplanNotFoundError):
        call(hook)


@pytest.mark.parametrize(
    ("call", "path", "arguments"),
    [
        (lambda hook: list(hook.deal_status_history(77)), "/deal/77/statusHistory", {"limit": 100}),
        (lambda hook: list(hook.deal_changes("a/b", page_size=9)), "/deal/a%2Fb/history", {"limit": 9}),
        (lambda hook: list(hook.employees()), "/employee", {"limit": 100}),
        (lambda hook: list(hook.call_user_configs()), "/callUserConfig", {"limit": 100}),
        (lambda hook: list(hook.todo_categories()), "/todoCategory", {"limit": 100}),
        (lambda hook: list(hook.todo_statuses()), "/todoStatus", {"limit": 100}),
        (lambda hook: hook.program_states(3), "/program/3/states", {}),
        (lambda hook: hook.extra_fields("deal"), "/deal/extraFields", {}),
    ],
)
def test_list_nouns(hook: MegaplanHook, megaplan: FakeMegaplan, call: Any, path: str, arguments: Any) -> None:
    megaplan.in_turn(Reply(envelope([])))
    call(hook)
    (request,) = megaplan.asked()
    assert (request.path, request.arguments) == (f"/api/v3{path}", arguments)


def test_extra_fields_of_something_else(hook: MegaplanHook) -> None:
    with pytest.raises(ValueError, match="not for 'task'"):
        hook.extra_fields("task")  # type: ignore[arg-type]


def test_entities_by_links(
    hook: MegaplanHook, megaplan: FakeMegaplan, capsys: pytest.CaptureFixture[str]
) -> None:
    megaplan.in_turn(HTML, Reply(envelope(rows(2))))
    links: list[dict[str, Any]] = [
        {"contentType": "Deal", "id": 1},
        {"contentType": "Deal", "id": "2", "name": "x"},
    ]
    assert hook.entities_by_links(links) == rows(2)
    request = megaplan.asked()[-1]
    assert (request.method, request.path) == ("POST", "/api/v3/bulk/getEntitiesByLinks")
    assert json.loads(request.body) == [
        {"contentType": "Deal", "id": "1"},
        {"contentType": "Deal", "id": "2"},
    ]
    assert "1 of 2 entities were not given" in capsys.readouterr().out
    assert hook.entities_by_links([]) == []
    with pytest.raises(ValueError, match="employees"):
        hook.entities_by_links([{"contentType": "Employee", "id": "1"}])


def test_server_time(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(USER)
    assert hook.server_time() == datetime(2026, 9, 21, 9, 15, tzinfo=UTC)
    assert hook.server_time().strftime("%a, %d %b %Y %H:%M:%S GMT") == DATE
    assert len(megaplan.asked()) == 1


def test_the_connection_test_says_who_and_where(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(USER)
    works, message = hook.test_connection()
    assert works
    assert message == f"Logged in to account 127.0.0.1:{megaplan.port} as Иван Пример (Employee 1000004)."


@pytest.mark.parametrize(
    ("fields", "reply", "words"),
    [
        ({"host": ""}, USER, "This connection, field 'host': it is empty; write the address"),
        ({"password": ""}, USER, "field 'password'"),
        ({"extra": {"page_size": 0}}, USER, "field 'page_size'"),
        ({}, Reply(b"<html>", 404), "HTML page, 404; check Host"),
        ({}, Reply(b"", 403), "empty body, 403"),
    ],
)
def test_the_connection_test_says_what_is_wrong(
    make_hook: MakeHook, megaplan: FakeMegaplan, fields: Any, reply: Reply, words: str, sleeps: list[float]
) -> None:
    megaplan.in_turn(reply)
    works, message = make_hook(**fields).test_connection()
    assert not works
    assert words in message
    assert "megaplan_" not in message  # the form's test runs under a random id, which helps nobody
    assert len(sleeps) <= 1


def test_run_of_the_http_provider_works_and_raises_our_errors(
    hook: MegaplanHook, megaplan: FakeMegaplan
) -> None:
    megaplan.in_turn(USER)
    assert hook.run("/api/v3/currentUser").json()["data"]["id"] == "1000004"
    megaplan.in_turn(Reply(envelope({}, 404), 404))
    with pytest.raises(MegaplanNotFoundError):
        hook.run("/api/v3/deal/1")


def test_run_keeps_its_options_although_it_logs_in_meanwhile(
    hook: MegaplanHook, megaplan: FakeMegaplan
) -> None:
    megaplan.in_turn(Reply(envelope({}, 404), 404))
    assert hook.run("/api/v3/deal/1", extra_options={"check_response": False}).status_code == 404
    assert len(megaplan.token_requests()) == 1


def test_secrets_and_peoples_data_stay_out_of_logs_and_messages(
    hook: MegaplanHook,
    megaplan: FakeMegaplan,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trace = [{"field": None, "message": "failed", "trace": "TRACE-BLOB"}]
    replies = [
        HTML,
        CUT,
        LIMITED,
        Reply(recorded("unauthorized.json"), 401),
        Reply(envelope({}, 500, trace), 500),
    ]
    messages = []
    with caplog.at_level(logging.DEBUG):
        # urllib3 logs whole URLs at DEBUG; that is out of our hands
        caplog.set_level(logging.INFO, "urllib3")
        for reply in replies:
            megaplan.in_turn(reply)
            with pytest.raises(MegaplanError) as caught:
                hook.request("GET", "/callRoute", arguments={"phone": "79001234567"})
            error: BaseException | None = caught.value
            while error is not None:
                messages.append(f"{error} {error!r}")
                error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        hook.log.info("tokens: %s", hook.get_conn().auth)
    told = capsys.readouterr().out + caplog.text + "\n".join(messages)
    assert "trying again in" in told
    for secret in (PASSWORD, "secret-access", "secret-refresh", "79001234567", "TRACE-BLOB", "Bearer"):
        assert secret not in told


@pytest.mark.parametrize(
    "error",
    [
        MegaplanSettingError("c", "f", "p", "r"),
        MegaplanAuthError("x"),
        MegaplanTransportError("x", 502),
        MegaplanCursorError("x"),
        MegaplanRateLimitError(429, "/deal", [], 7.0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_the_way_between_processes(error: MegaplanError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))
