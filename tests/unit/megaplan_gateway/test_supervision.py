"""Background tasks are restarted when they fail, counted, and reported as failing until they are steady."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import generate_latest

from megaplan_gateway.metrics import Metrics
from megaplan_gateway.supervision import STEADY_SECONDS, Supervisor


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


def run(scenario: Callable[[Supervisor, Metrics, Clock], Awaitable[None]]) -> None:
    async def whole() -> None:
        metrics, clock = Metrics(), Clock()
        supervisor = Supervisor(metrics, first_pause_seconds=0.001, clock=clock)
        try:
            await scenario(supervisor, metrics, clock)
        finally:
            await supervisor.stop()

    asyncio.run(whole())


def test_a_task_that_fails_is_restarted_and_does_not_end_the_others() -> None:
    async def scenario(supervisor: Supervisor, metrics: Metrics, clock: Clock) -> None:
        begun: list[str] = []

        async def fails_twice() -> None:
            begun.append("fails")
            if begun.count("fails") < 3:
                raise UnicodeError("label empty or too long")
            await asyncio.Event().wait()

        async def steady() -> None:
            begun.append("steady")
            await asyncio.Event().wait()

        supervisor.start("steady", steady)
        supervisor.start("fails", fails_twice)
        await until(lambda: begun.count("fails") == 3)
        assert begun.count("steady") == 1
        assert supervisor.failing == ["fails"]
        shown = generate_latest(metrics.registry).decode()
        assert 'gateway_background_failures_total{task="fails"} 2.0' in shown
        assert 'gateway_background_failures_total{task="steady"} 0.0' in shown
        clock.now = STEADY_SECONDS
        assert supervisor.failing == []

    run(scenario)


def test_a_task_that_ends_is_restarted_too() -> None:
    async def scenario(supervisor: Supervisor, metrics: Metrics, clock: Clock) -> None:
        begun: list[int] = []

        async def ends() -> None:
            begun.append(1)

        supervisor.start("ends", ends)
        await until(lambda: len(begun) > 2)
        assert supervisor.failing == ["ends"]

    run(scenario)


def test_stopping_ends_all_tasks() -> None:
    async def whole() -> None:
        supervisor = Supervisor(Metrics())
        ended: list[str] = []

        async def works() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("works")

        supervisor.start("works", works)
        await asyncio.sleep(0)
        await supervisor.stop()
        assert ended == ["works"]

    asyncio.run(whole())
