"""Keys and logins, without any I/O; and that an asynchronous client drives the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from uis_hook.call_control import start_employee_call
from uis_hook.conversation import Message, Received, Talk, conversation
from uis_hook.exceptions import UisError, UisLoginError, UisTokenError, UisTransportError
from uis_hook.jsonrpc import Request
from uis_hook.limits import Limits
from uis_hook.session_keys import Keys, SessionKey
from uis_hook.staff import account

Answerer = Callable[[dict[str, Any]], dict[str, Any]]
INVALID = {"error": {"code": -32001, "message": "", "data": {"mnemonic": "access_token_invalid"}}}


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def session_keys() -> Keys:
    return Keys(None, "robot", "secret", 3600)


class Platform:
    """Gives keys k1, k2, … and accepts those in ``valid``."""

    def __init__(self, clock: Clock, ends: str = "expire_at") -> None:
        self.clock = clock
        self.ends = ends
        self.logins = 0
        self.valid: set[str] = set()
        self.seen: list[tuple[str, str | None]] = []

    def __call__(self, document: dict[str, Any]) -> dict[str, Any]:
        params = document["params"]
        self.seen.append((document["method"], params.get("access_token")))
        if document["method"] == "login.user":
            self.logins += 1
            self.valid.add(f"k{self.logins}")
            data = {"access_token": f"k{self.logins}", self.ends: self.clock() + 3600}
            return {"result": {"data": data}}
        if params["access_token"] not in self.valid:
            return INVALID
        return {"result": {"data": {"app_id": 1, "call_session_id": 7}}}


def drive(talk: Talk[Any], answerer: Answerer) -> Any:
    try:
        message = next(talk)
        while True:
            message = talk.send(reply(message, answerer))
    except StopIteration as end:
        return end.value


def reply(message: Message, answerer: Answerer) -> Received:
    document = json.loads(message.body)
    answer = {"jsonrpc": "2.0", "id": document["id"], **answerer(document)}
    return Received(200, json.dumps(answer).encode())


def test_a_permanent_key_needs_no_login(clock: Clock) -> None:
    platform = Platform(clock)
    platform.valid = {"permanent"}
    assert drive(conversation(account(), Keys("permanent", "robot", "x"), now=clock), platform)["app_id"] == 1
    assert platform.seen == [("get.account", "permanent")]


def test_a_refused_permanent_key_cannot_be_renewed(clock: Clock) -> None:
    platform = Platform(clock)
    with pytest.raises(UisTokenError):
        drive(conversation(account(), Keys("old", "robot", "x"), now=clock), platform)
    assert platform.logins == 0


@pytest.mark.parametrize("ends", ["expire_at", "expire", "nothing"])
def test_one_login_serves_until_shortly_before_the_end(clock: Clock, ends: str) -> None:
    platform, keys, told = Platform(clock, ends), session_keys(), []
    for _ in range(2):
        drive(conversation(account(), keys, now=clock, on_key=told.append), platform)
    assert platform.logins == 1
    clock.now += 3600 - 61
    drive(conversation(account(), keys, now=clock, on_key=told.append), platform)
    assert platform.logins == 1
    clock.now += 2
    drive(conversation(account(), keys, now=clock, on_key=told.append), platform)
    assert (platform.logins, told) == (2, ["k1", "k2"])


def test_each_api_has_a_key_of_its_own(clock: Clock) -> None:
    platform, keys = Platform(clock), session_keys()
    drive(conversation(account(), keys, now=clock), platform)
    drive(conversation(Request("list.calls", api="call"), keys, now=clock), platform)
    assert [key for method, key in platform.seen if method != "login.user"] == ["k1", "k2"]


def test_even_a_call_is_sent_again_when_the_key_had_expired(clock: Clock) -> None:
    platform, keys = Platform(clock), session_keys()
    keys.keep("call", SessionKey("dead", clock() + 3600), clock())
    call = start_employee_call(
        employee_id=501, contact="79000000001", virtual_phone_number="74950000001", external_id="x"
    )
    assert drive(conversation(call, keys, now=clock), platform) == 7
    assert platform.seen == [
        ("start.employee_call", "dead"),
        ("login.user", None),
        ("start.employee_call", "k1"),
    ]


def test_a_key_refused_twice_is_an_error(clock: Clock) -> None:
    platform = Platform(clock)
    with pytest.raises(UisTokenError):
        drive(
            conversation(account(), session_keys(), now=clock),
            lambda document: platform(document) if document["method"] == "login.user" else INVALID,
        )
    assert platform.logins == 2


def test_a_failed_login_means_that_nothing_was_begun(clock: Clock) -> None:
    refused = {"error": {"code": -32001, "message": "", "data": {"mnemonic": "auth_error"}}}
    with pytest.raises(UisLoginError):
        drive(conversation(account(), session_keys(), now=clock), lambda document: refused)
    talk = conversation(account(), session_keys(), now=clock)
    next(talk)
    with pytest.raises(UisError) as caught:
        talk.throw(UisTransportError("no answer in time"))
    assert not caught.value.maybe_accepted


def test_another_threads_new_key_is_not_forgotten(clock: Clock) -> None:
    keys = session_keys()
    keys.keep("data", SessionKey("new", clock() + 3600), clock())
    keys.forget("data", "old")
    assert keys.current("data", clock()) == "new"
    keys.forget("data", "new")
    assert keys.current("data", clock()) is None


def test_a_key_that_ended_before_it_began_is_used_nevertheless(clock: Clock) -> None:
    keys = session_keys()
    keys.keep("data", SessionKey("k", clock() - 5), clock())
    assert keys.current("data", clock()) == "k"


def test_limits_are_told_from_errors_as_well(clock: Clock) -> None:
    seen: list[tuple[str, Limits]] = []
    error = {
        "code": -32602,
        "message": "",
        "data": {"mnemonic": "error", "metadata": {"limits": {"day_remaining": 3}}},
    }
    with pytest.raises(UisError):
        drive(
            conversation(
                account(), Keys("t", None, None), now=clock, on_limits=lambda *told: seen.append(told)
            ),
            lambda document: {"error": error},
        )
    assert seen[0][1].day is not None
    assert seen[0][1].day.remaining == 3


def test_an_asynchronous_client_drives_the_same_conversation(clock: Clock) -> None:
    platform = Platform(clock)

    async def post(message: Message) -> Received:
        await asyncio.sleep(0)
        return reply(message, platform)

    async def ask(request: Request[Any]) -> Any:
        talk = conversation(request, session_keys(), now=clock)
        try:
            message = next(talk)
            while True:
                message = talk.send(await post(message))
        except StopIteration as end:
            return end.value

    assert asyncio.run(ask(account())) == {"app_id": 1, "call_session_id": 7}


def test_neither_messages_nor_keys_show_secrets() -> None:
    message = next(conversation(account(), Keys("secret-token", None, None), now=lambda: 0.0))
    assert "secret-token" not in repr(message)
    assert "secret" not in repr(SessionKey("secret", 1.0))
