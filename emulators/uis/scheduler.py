"""What is planned: steps in the order of the account's time, and the I/O they have started."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

Action = Callable[[float], None]


class Scheduler:
    """A timeline. Every action gets the time it was due at, so a late or virtual run gives the same result.

    Actions are plain functions. Those that need the network (notifications, interactive requests) start a task
    with :meth:`spawn`; a task that decides how a call goes on is *awaited* before later steps of a virtual run.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._deciding: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self.changed = asyncio.Event()
        self.busy = False
        self.failures: list[str] = []

    def at(self, timestamp: float, action: Action) -> None:
        """Do something at a time."""
        heapq.heappush(self._steps, (timestamp, next(self._order), action))
        self.changed.set()

    def next_due(self) -> float | None:
        """Return the time of the next step."""
        return self._steps[0][0] if self._steps else None

    def spawn(self, work: Coroutine[Any, Any, None], deciding: bool) -> asyncio.Task[None]:
        """Start I/O.

        :param deciding: later steps depend on its outcome.
        """
        tasks = self._deciding if deciding else self._sending
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def run_due(self, until: float) -> None:
        """Run all steps up to a time, without waiting for anything."""
        while self._steps and self._steps[0][0] <= until:
            self._step()

    async def drain(self, until: float) -> None:
        """Run all steps up to a time, one by one, each with the I/O it started; ends when all is sent."""
        self.busy = True
        try:
            while True:
                await self._wait(self._deciding)
                if not self._steps or self._steps[0][0] > until:
                    break
                self._step()
        finally:
            self.busy = False
        await self._wait(self._sending)

    async def settle(self) -> None:
        """Wait until no I/O is under way."""
        while self._deciding or self._sending:
            await self._wait(self._deciding)
            await self._wait(self._sending)

    def cancel(self) -> None:
        """Drop all steps and stop all I/O."""
        self._steps.clear()
        for task in self._deciding | self._sending:
            task.cancel()

    @property
    def pending(self) -> int:
        """Return the number of waiting steps and running tasks."""
        return len(self._steps) + len(self._deciding) + len(self._sending)

    def _step(self) -> None:
        """Run the next step; a failure stops no other call and is shown by ``/_control/state``."""
        due, _, action = heapq.heappop(self._steps)
        try:
            action(due)
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")

    async def _wait(self, tasks: set[asyncio.Task[None]]) -> None:
        while tasks:
            await asyncio.wait(set(tasks))
            await asyncio.sleep(0)  # lets the callbacks that empty the set run

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._deciding.discard(task)
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(f"{type(error).__name__}: {error}")
        self.changed.set()
