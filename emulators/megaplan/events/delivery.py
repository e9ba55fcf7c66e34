"""Delivery of events: in order for each application, repeated until the answer is 200, and its log.

An event that is not accepted holds back all later ones of its application. The vendor documents no loss, duplicates
or disorder; the knobs ``hook_…`` add them for tests.
"""

import asyncio
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

import httpx

from ..knobs import Knobs

_LONGEST_PAUSE_SECONDS = 600.0


@dataclass
class Delivery:
    """One event on its way. ``at``: when it happened, seconds of the real clock."""

    uuid: str | None
    url: str
    model: str
    event: str
    id: str
    body: dict[str, Any] = field(repr=False)
    status: str = "waiting"  # waiting | sent | given_up | lost
    attempts: int = 0
    http_status: int | None = None
    error: str | None = None
    at: float = field(default_factory=time.time)
    taken_at: float | None = None
    is_copy: bool = False

    def describe(self) -> dict[str, Any]:
        """Return it as the control route shows it."""
        return asdict(self)


class StreamQueues:
    """The queues of all applications."""

    def __init__(self) -> None:
        self._knobs = Knobs()
        self._random = Random(0)
        self._waiting: dict[str, deque[Delivery]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._once: set[asyncio.Task[None]] = set()
        self.log: list[Delivery] = []

    def reset(self, knobs: Knobs) -> None:
        """Start over: nothing waits, nothing was sent."""
        for task in (*self._tasks.values(), *self._once):
            task.cancel()
        self._knobs, self._random = knobs, Random(0)
        self._waiting.clear()
        self._tasks.clear()
        self.log.clear()

    def add(self, application: str, delivery: Delivery) -> None:
        """Append an event to an application's queue, lose it or let it overtake another, as the knobs say."""
        chance, knobs = self._random, self._knobs
        self.log.append(delivery)
        if chance.random() < knobs.hook_loss:
            delivery.status = "lost"
            return
        queue = self._waiting.setdefault(application, deque())
        if len(queue) > 1 and chance.random() < knobs.hook_disorder:
            queue.insert(len(queue) - 1, delivery)
        else:
            queue.append(delivery)
        self.wake()

    def send_once(self, delivery: Delivery) -> None:
        """Send a request that is never repeated: that of a scenario."""
        self.log.append(delivery)
        loop = _running_loop()
        if loop is not None:
            task = loop.create_task(self._send_alone(delivery))
            self._once.add(task)
            task.add_done_callback(self._once.discard)

    def wake(self) -> None:
        """Start the work on every queue that is not empty."""
        loop = _running_loop()
        if loop is None:
            return
        for application, queue in self._waiting.items():
            task = self._tasks.get(application)
            if queue and (task is None or task.done()):
                self._tasks[application] = loop.create_task(self._work(queue))

    @property
    def waiting(self) -> int:
        """The number of events not accepted yet."""
        return sum(len(queue) for queue in self._waiting.values())

    async def _work(self, queue: deque[Delivery]) -> None:
        async with httpx.AsyncClient() as client:
            while queue:
                delivery = queue[0]
                due = delivery.at + self._knobs.hook_delay_s
                if (wait := due - time.time()) > 0:
                    await asyncio.sleep(wait)
                if await self._send(client, delivery):
                    queue.popleft()
                    self._maybe_again(queue, delivery)
                elif 0 < self._knobs.hook_max_tries <= delivery.attempts:
                    queue.popleft()
                    delivery.status = "given_up"
                else:
                    pause = self._knobs.hook_retry_s * 2 ** min(delivery.attempts - 1, 20)
                    await asyncio.sleep(min(pause, _LONGEST_PAUSE_SECONDS))

    def _maybe_again(self, queue: deque[Delivery], delivery: Delivery) -> None:
        if delivery.is_copy or self._random.random() >= self._knobs.hook_duplicates:
            return
        copy = Delivery(
            delivery.uuid,
            delivery.url,
            delivery.model,
            delivery.event,
            delivery.id,
            delivery.body,
            is_copy=True,
        )
        self.log.append(copy)
        queue.append(copy)

    async def _send_alone(self, delivery: Delivery) -> None:
        async with httpx.AsyncClient() as client:
            if not await self._send(client, delivery):
                delivery.status = "given_up"

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery) -> bool:
        delivery.attempts += 1
        try:
            async with asyncio.timeout(self._knobs.hook_timeout_s):
                answer = await client.post(delivery.url, json=delivery.body, timeout=None)
            delivery.http_status, delivery.error = answer.status_code, None
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            delivery.http_status, delivery.error = None, f"{type(error).__name__}: {error}"
        if delivery.http_status != 200:
            return False
        delivery.status, delivery.taken_at = "sent", time.time()
        return True


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
