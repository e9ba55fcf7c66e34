"""What the hook does when UIS fails over real HTTP: what is repeated, what never."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import orjson
import pytest

from tests.unit.uis_hook.conftest import MakeClient, call
from tests.unit.uis_hook.fake_uis import (
    ACCOUNT,
    HTML,
    INVALID,
    SESSION,
    SILENCE,
    Asked,
    FakeUis,
    Reply,
    error,
    result,
)
from uis_hook.client import UisClient
from uis_hook.exceptions import (
    UisAddressNotAllowedError,
    UisLimitExceededError,
    UisServerError,
    UisTokenError,
    UisTransportError,
)
from uis_hook.jsonrpc import Request, nothing
from uis_hook.staff import account

TAGGING = Request("set.tag_communications", {"tag_id": 1}, nothing, may_come_twice=False)


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
def test_reads_are_tried_again(failure: Reply, client: UisClient, uis: FakeUis, sleeps: list[float]) -> None:
    uis.in_turn(failure, ACCOUNT)
    assert client.ask(account())["app_id"] == 100001
    assert len(sleeps) == 1


@pytest.mark.parametrize(
    "failure", [HTML, SILENCE, Reply({"result": {}}, cut_at=10), error("internal_error", -32603), result({})]
)
def test_a_call_whose_fate_is_not_known_is_never_repeated(
    failure: Reply, client: UisClient, uis: FakeUis, sleeps: list[float]
) -> None:
    uis.in_turn(failure, SESSION)
    with pytest.raises((UisTransportError, UisServerError)) as caught:
        client.ask(call())
    assert caught.value.maybe_accepted
    assert len(uis.asked("start.employee_call")) == 1
    assert sleeps == []


def test_a_call_that_times_out_is_never_repeated(make_client: MakeClient, uis: FakeUis) -> None:
    def slowly(asked: Asked) -> Reply:
        time.sleep(0.5)
        return SESSION

    uis.answer = slowly
    with pytest.raises(UisTransportError, match="no answer in time") as caught:
        make_client({"read_timeout_seconds": 0.1}).ask(call())
    assert caught.value.maybe_accepted
    assert len(uis.asked()) == 1


def test_a_call_is_tried_again_when_no_connection_came_about(
    make_client: MakeClient, sleeps: list[float]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = make_client(host=f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(UisTransportError, match="connection refused") as caught:
            client.ask(call())
    assert not caught.value.maybe_accepted
    assert len(sleeps) == 4


def test_a_call_takes_no_connection_that_may_be_dead(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(ACCOUNT)
    client.ask(account())
    client.ask(account())
    assert uis.connections == 1
    uis.in_turn(SESSION)
    client.ask(call())
    assert uis.connections == 2
    assert uis.asked()[-1].headers["Connection"] == "close"


@pytest.mark.parametrize("said", ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "1", "soon", "9" * 400])
@pytest.mark.parametrize("status", [429, 503])
def test_every_wait_has_a_floor_and_every_storm_an_end(
    client: UisClient, uis: FakeUis, sleeps: list[float], status: int, said: str
) -> None:
    uis.in_turn(Reply(b"", status, headers={"Retry-After": said}))
    with pytest.raises(UisLimitExceededError if status == 429 else UisServerError):
        client.ask(account())
    assert len(uis.asked()) == len(sleeps) + 1 <= 100
    assert all(seconds >= 1 for seconds in sleeps)
    assert sum(sleeps) <= 90


@pytest.mark.parametrize("content_type", ["text/html", "APPLICATION/json ; charset=x", ""])
def test_answers_are_read_whatever_their_content_type_and_mark(
    client: UisClient, uis: FakeUis, content_type: str
) -> None:
    def answer(asked: Asked) -> Reply:
        sent = {"id": asked.document["id"], "result": {"data": [{"app_id": 1}]}}
        return Reply(b"\xef\xbb\xbf" + orjson.dumps(sent), headers={"Content-Type": content_type})

    uis.answer = answer
    assert client.ask(account()) == {"app_id": 1}


def test_refusals_are_not_tried_again(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(error("ip_not_whitelisted", -32003))
    with pytest.raises(UisAddressNotAllowedError, match="Connection 'uis_test'"):
        client.ask(account())
    uis.in_turn(INVALID)
    with pytest.raises(UisTokenError, match="brand"):
        client.ask(account())
    assert len(uis.asked()) == 2


def test_a_redirect_is_not_followed(client: UisClient, uis: FakeUis) -> None:
    # the POST would silently become a GET elsewhere
    uis.in_turn(Reply(b"", 302, {"Location": f"{uis.url}/login"}))
    with pytest.raises(UisTransportError, match="redirect"):
        client.ask(TAGGING)
    assert len(uis.requests) == 1


def test_no_password_of_another_program_is_sent(
    client: UisClient, uis: FakeUis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    uis.in_turn(ACCOUNT)
    client.ask(account())
    assert "Authorization" not in uis.asked()[0].headers


def test_a_method_without_a_name_here(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(HTML, result([{"id": 1, "name": "x"}], total=1))
    assert client.ask(Request("get.tags")) == [{"id": 1, "name": "x"}]
    uis.in_turn(HTML, result({}))
    with pytest.raises(UisServerError):
        client.ask(TAGGING)
    assert len(uis.asked("set.tag_communications")) == 1
