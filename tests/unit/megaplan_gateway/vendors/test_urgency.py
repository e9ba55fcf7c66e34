"""The most urgent request goes first, and a 429 silences nobody for long."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from megaplan_gateway.vendors.urgency import Pauses, Turns, TurnTimeoutError, Urgency


def run(scenario: Callable[[Turns], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(_run(scenario), 30))


async def _run(scenario: Callable[[Turns], Awaitable[None]]) -> None:
    await scenario(Turns())


def test_the_most_urgent_of_those_that_wait_goes_first_and_of_cards_the_newest() -> None:
    async def scenario(turns: Turns) -> None:
        passed: list[str] = []
        release = asyncio.Event()

        async def holds() -> None:
            async with turns.turn(Urgency.OTHER, 10):
                await release.wait()

        async def passes(name: str, urgency: Urgency) -> None:
            async with turns.turn(urgency, 10):
                passed.append(name)

        tasks = [asyncio.create_task(holds())]
        for name, urgency in (
            ("widget", Urgency.OTHER),
            ("first card", Urgency.CARD),
            ("second card", Urgency.CARD),
            ("end", Urgency.END),
            ("second end", Urgency.END),
        ):
            await asyncio.sleep(0)
            tasks.append(asyncio.create_task(passes(name, urgency)))
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(*tasks)
        assert passed == ["end", "second end", "second card", "first card", "widget"]
        async with turns.turn(Urgency.OTHER, 0):
            pass

    run(scenario)


def test_who_waits_too_long_or_is_cancelled_leaves_the_turn_to_the_others() -> None:
    async def scenario(turns: Turns) -> None:
        async def passes() -> None:
            async with turns.turn(Urgency.OTHER, 10):
                pass

        async with turns.turn(Urgency.OTHER, 10):
            with pytest.raises(TurnTimeoutError):
                async with turns.turn(Urgency.END, 0.01):
                    pytest.fail("somebody else has the turn")
            cancelled = asyncio.create_task(passes())
            waits = asyncio.create_task(passes())
            await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.sleep(0)
        await waits
        assert cancelled.cancelled()

    run(scenario)


def test_a_turn_that_comes_while_its_owner_is_cancelled_is_passed_on() -> None:
    async def scenario(turns: Turns) -> None:
        async def passes() -> None:
            async with turns.turn(Urgency.OTHER, 10):
                pass

        async with turns.turn(Urgency.OTHER, 10):
            first = asyncio.create_task(passes())
            second = asyncio.create_task(passes())
            await asyncio.sleep(0)
        first.cancel()  # it has been granted the turn, but has not run yet
        await second
        async with turns.turn(Urgency.OTHER, 0):
            pass

    run(scenario)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_pauses_without_retry_after_begin_short_and_are_apart() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    lengths = {}
    for urgency in (Urgency.CARD, Urgency.END):
        lengths[urgency] = []
        for _ in range(8):
            pauses.refused(urgency, None)
            lengths[urgency].append(pauses.left(urgency))
    assert lengths == {Urgency.CARD: [1, 2, 4, 8, 16, 32, 60, 60], Urgency.END: [1, 2, 4, 5, 5, 5, 5, 5]}
    assert pauses.left(Urgency.OTHER) == 0
    clock.now = 59
    assert (pauses.left(Urgency.CARD), pauses.left(Urgency.END)) == (1, 0)
    pauses.accepted(Urgency.CARD)
    pauses.refused(Urgency.CARD, None)
    assert pauses.left(Urgency.CARD) == 1


def test_ends_are_tried_again_within_seconds_whatever_megaplan_says() -> None:
    pauses = Pauses(Clock())
    for urgency in Urgency:
        pauses.refused(urgency, 600)
    assert [pauses.left(urgency) for urgency in Urgency] == [5, 600, 600]
