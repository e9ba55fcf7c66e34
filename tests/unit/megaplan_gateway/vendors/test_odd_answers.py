"""What the gateway's clients make of limits that say nothing, refused logins, and byte order marks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx
import orjson
import pytest
from airflow.models.connection import Connection

from megaplan_gateway.metrics import Metrics
from megaplan_gateway.vendors.login_backoff import FAILED_SECONDS, REFUSED_SECONDS
from megaplan_gateway.vendors.megaplan_client import AsyncMegaplanClient
from megaplan_gateway.vendors.uis_client import SHORTEST_WAIT_SECONDS, AsyncUisClient
from megaplan_gateway.vendors.urgency import Urgency
from megaplan_hook.exceptions import MegaplanAuthError, MegaplanError, MegaplanRateLimitError
from megaplan_hook.settings import AccountSettings
from tests.unit.megaplan_hook.fake_server import FakeMegaplan, Reply, envelope
from uis_hook.exceptions import UisLimitExceededError
from uis_hook.settings import UisSettings
from uis_hook.staff import account

MARK = b"\xef\xbb\xbf"


class LiveBudget:
    """Lets everything pass and remembers the pauses."""

    def __init__(self) -> None:
        self.backed_off: list[float | None] = []

    async def acquire(self, *_: object) -> None:
        return None

    async def back_off(self, retry_after: float | None, urgency: Urgency) -> None:
        self.backed_off.append(retry_after)

    def accepted(self, urgency: Urgency) -> None:
        return None


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def megaplan() -> Iterator[FakeMegaplan]:
    fake = FakeMegaplan()
    yield fake
    fake.close()


def megaplan_client(fake: FakeMegaplan, budget: LiveBudget, clock: Clock) -> AsyncMegaplanClient:
    settings = AccountSettings.from_connection(Connection("megaplan_x", "megaplan", host=fake.url))
    return AsyncMegaplanClient(
        settings,
        "robot@example.org",
        "secret-password",
        budget,  # type: ignore[arg-type]
        Metrics(),
        clock=clock,
    )


@pytest.mark.parametrize("said", ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
def test_a_limit_that_names_no_end_is_told_as_such(megaplan: FakeMegaplan, said: str) -> None:
    """A Retry-After of 0 blocked nothing: the next call was sent at once."""
    budget = LiveBudget()
    megaplan.in_turn(Reply(b"", 429, {"Retry-After": said}))

    async def ask() -> None:
        client = megaplan_client(megaplan, budget, Clock())
        with pytest.raises(MegaplanRateLimitError):
            await client.call_route("79001234567", 60)
        await client.close()

    asyncio.run(ask())
    assert budget.backed_off == [None]


def test_a_refused_login_is_told_in_megaplans_words_and_not_sent_with_every_call(
    megaplan: FakeMegaplan,
) -> None:
    refusal = MARK + orjson.dumps({"error": "two_factor_required", "error_description": "secret-password"})
    megaplan.token_answer = lambda request: Reply(refusal, 200, {"Content-Type": "text/html"})
    clock = Clock()

    async def ask() -> None:
        client = megaplan_client(megaplan, LiveBudget(), clock)
        for _ in range(3):
            with pytest.raises(MegaplanAuthError) as caught:
                await client.call_route("79001234567", 60)
            assert "two_factor_required: ***; check Login (e-mail) and Password" in str(caught.value)
        assert len(megaplan.requests) == 1
        clock.now += REFUSED_SECONDS[0]
        megaplan.token_answer = megaplan.next_token
        megaplan.in_turn(Reply(MARK + orjson.dumps(envelope({"type": "all"})), 200, {"Content-Type": "x"}))
        assert await client.call_route("79001234567", 60) == {"type": "all"}
        await client.close()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("answer", "pauses"),
    [
        (Reply(orjson.dumps({"error": "invalid_grant"}), 400), REFUSED_SECONDS),
        (Reply(b"", 503), FAILED_SECONDS),
        (Reply(b"<html>", 200), FAILED_SECONDS),
    ],
)
def test_logins_that_fail_become_rare_whatever_the_answer(
    megaplan: FakeMegaplan, answer: Reply, pauses: tuple[float, float]
) -> None:
    megaplan.token_answer = lambda request: answer
    clock = Clock()
    first, longest = pauses

    async def ask() -> None:
        client = megaplan_client(megaplan, LiveBudget(), clock)
        pause = first
        for logins in range(1, 12):
            for _ in range(3):
                with pytest.raises(MegaplanError):
                    await client.call_route("79001234567", 60)
            assert len(megaplan.requests) == logins
            clock.now += pause - 0.1
            with pytest.raises(MegaplanError):
                await client.call_route("79001234567", 60)
            assert len(megaplan.requests) == logins
            clock.now += 0.1
            pause = min(2 * pause, longest)
        await client.close()

    asyncio.run(ask())


def test_a_user_whose_new_tokens_are_refused_is_not_logged_in_with_every_call(megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(*(Reply(envelope(None, 401), 401) for _ in range(4)))
    clock = Clock()

    async def ask() -> None:
        client = megaplan_client(megaplan, LiveBudget(), clock)
        for _ in range(5):
            with pytest.raises(MegaplanAuthError, match="even a new token"):
                await client.call_route("79001234567", 60)
        assert len(megaplan.requests) == 8  # two tokens each time, and the request with each
        clock.now += 2 * REFUSED_SECONDS[0]
        megaplan.in_turn(Reply(envelope({"type": "all"})))
        assert await client.call_route("79001234567", 60) == {"type": "all"}
        await client.close()

    asyncio.run(ask())


def uis_client(answers: list[httpx.Response]) -> AsyncUisClient:
    extra = orjson.dumps({"access_token": "secret-key"}).decode()
    settings = UisSettings.from_connection(Connection("uis_x", "uis", extra=extra))

    def answer(request: httpx.Request) -> httpx.Response:
        response = answers.pop(0)
        if response.status_code == 200:
            sent = {"id": orjson.loads(request.content)["id"], "result": {"data": [{"app_id": 1}]}}
            return httpx.Response(200, content=MARK + orjson.dumps(sent), headers={"Content-Type": "x"})
        return response

    return AsyncUisClient(settings, Metrics(), transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("said", ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_limit_of_uis_that_names_no_end_is_tried_once_more_after_a_pause(said: str) -> None:
    async def ask() -> None:
        limited = httpx.Response(429, headers={"Retry-After": said})
        assert await uis_client([limited, httpx.Response(200)]).ask(account(), 60) == {"app_id": 1}
        with pytest.raises(UisLimitExceededError):
            await uis_client([limited, limited]).ask(account(), 60)

    began = time.monotonic()
    asyncio.run(ask())
    assert time.monotonic() - began >= 2 * SHORTEST_WAIT_SECONDS
