"""What the hook does when a request fails: tries again, waits, or raises; over real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from megaplan_hook.exceptions import MegaplanRateLimitError, MegaplanServerError, MegaplanTransportError
from megaplan_hook.hook import MegaplanHook
from tests.unit.megaplan_hook.conftest import FreeBudget
from tests.unit.megaplan_hook.fake_server import (
    CUT,
    HTML,
    LIMITED,
    USER,
    FakeMegaplan,
    Reply,
    Request,
    recorded,
)

MakeHook = Callable[..., MegaplanHook]


@pytest.mark.parametrize(
    "failure",
    [HTML, Reply(b"", 503), CUT, LIMITED, Reply(b"<html>login page</html>")],
    ids=["HTML 502", "empty 503", "truncated", "429", "HTML 200"],
)
def test_reads_are_tried_again(
    hook: MegaplanHook, megaplan: FakeMegaplan, failure: Reply, sleeps: list[float]
) -> None:
    megaplan.in_turn(failure, failure, USER)
    assert hook.current_user()["id"] == "1000004"
    assert len(megaplan.asked()) == 3
    assert len(sleeps) == 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [(HTML, MegaplanTransportError), (Reply(b"", 500), MegaplanServerError), (CUT, MegaplanTransportError)],
    ids=["HTML 502", "empty 500", "truncated"],
)
def test_writes_are_not_tried_again(
    hook: MegaplanHook, megaplan: FakeMegaplan, failure: Reply, error: type[Exception]
) -> None:
    megaplan.in_turn(failure, USER)
    with pytest.raises(error):
        hook.request("POST", "/deal", body={})
    assert len(megaplan.asked()) == 1


def test_writes_are_tried_again_after_429(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(LIMITED, LIMITED, USER)
    assert hook.request("POST", "/deal", body={}).status == 200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Mon, 21 Sep 2026 09:15:30 GMT"}, 30.0),
        ({}, 2.0),
        ({"Retry-After": "0"}, 2.0),
        ({"Retry-After": "-5"}, 2.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 2.0),
        ({"Retry-After": "soon"}, 2.0),
        ({"Retry-After": "0.01"}, 1.0),
    ],
    ids=["seconds", "date, by the server's clock", "none", "0", "negative", "past date", "garbage", "tiny"],
)
def test_a_429_makes_everybody_wait(
    hook: MegaplanHook,
    megaplan: FakeMegaplan,
    budget: FreeBudget,
    sleeps: list[float],
    headers: dict[str, str],
    seconds: float,
) -> None:
    megaplan.in_turn(Reply(b"", 429, headers), USER)
    hook.current_user()
    assert sleeps == [seconds]
    assert budget.backed_off == [seconds]


def test_a_429_that_asks_for_too_much_tells_how_long(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(b"", 429, {"Retry-After": "3600"}))
    with pytest.raises(MegaplanRateLimitError, match="retry after 3600 s") as caught:
        hook.current_user()
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize(
    "said",
    ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "1", "soon", "", "9" * 400],
    ids=lambda said: said[:9],
)
@pytest.mark.parametrize("status", [429, 503])
def test_every_wait_has_a_floor_and_every_storm_an_end(
    hook: MegaplanHook, megaplan: FakeMegaplan, sleeps: list[float], status: int, said: str
) -> None:
    """A Retry-After of 0 meant endless requests without a pause."""
    megaplan.in_turn(Reply(b"", status, {"Retry-After": said}))
    with pytest.raises(MegaplanRateLimitError if status == 429 else MegaplanServerError):
        hook.current_user()
    assert len(megaplan.asked()) == len(sleeps) + 1 <= 100
    assert all(seconds >= 1 for seconds in sleeps)
    assert sum(sleeps) <= 900


def test_a_redirect_is_not_followed(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(b"", 302, {"Location": "https://example.org/"}))
    with pytest.raises(MegaplanTransportError, match="redirect"):
        hook.request("POST", "/deal", body={})


def test_every_request_is_taken_from_the_budget(
    hook: MegaplanHook, megaplan: FakeMegaplan, budget: FreeBudget
) -> None:
    megaplan.in_turn(HTML, LIMITED, Reply(recorded("unauthorized.json"), 401), USER)
    hook.current_user()
    assert budget.acquired == hook.requests_sent == len(megaplan.requests) == 4 + 2


def test_nobody_listens_there(make_hook: MakeHook, sleeps: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hook = make_hook(host=f"http://127.0.0.1:{port}")
    with pytest.raises(MegaplanTransportError, match="connection refused; check Host") as caught:
        hook.request("GET", "/callRoute", arguments={"phone": "79001234567"})
    assert caught.value.__suppress_context__
    assert len(sleeps) == 5


def test_no_answer_in_time(make_hook: MakeHook, megaplan: FakeMegaplan) -> None:
    stop = threading.Event()

    def late(request: Request) -> Reply:
        stop.wait(5)
        return USER

    megaplan.answer = late
    hook = make_hook({"read_timeout_seconds": 0.2})
    with pytest.raises(MegaplanTransportError, match="no answer in time"):
        hook.request("POST", "/deal", body={})
    stop.set()
