"""Sends HTTP requests over kept connections, cheaply, and notes how long each took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

OPEN_CONNECTIONS = 256
"""Of ``at_rate``: more than are ever busy when answers keep up."""


@dataclass
class Latencies:
    """Durations in seconds of answered requests, and how long all of it took."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    wall_seconds: float = 0.0

    def percentile_ms(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall_seconds


class Sender:
    """Connections to one server."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def as_fast_as_answered(self, requests: Iterable[bytes], connections: int) -> Latencies:
        """Send the next request of each connection when its last one was answered."""
        told, waiting = Latencies(), iter(requests)
        started = time.perf_counter()
        await asyncio.gather(*(self._one_by_one(waiting, told) for _ in range(connections)))
        told.wall_seconds = time.perf_counter() - started
        return told

    async def at_rate(self, make: Callable[[int], bytes], per_second: float, seconds: float) -> Latencies:
        """Send at a fixed rate whatever is answered when; waiting for a free connection counts."""
        told, queue = Latencies(), asyncio.Queue[tuple[float, bytes] | None]()
        workers = [asyncio.create_task(self._from_queue(queue, told)) for _ in range(OPEN_CONNECTIONS)]
        started, number, count = time.perf_counter(), 0, int(per_second * seconds)
        while number < count:
            until = min(count, int((time.perf_counter() - started) * per_second) + 1)
            for place in range(number, until):
                queue.put_nowait((started + place / per_second, make(place)))
            number = max(number, until)
            await asyncio.sleep(0.001)
        for _ in workers:
            queue.put_nowait(None)
        await asyncio.gather(*workers)
        told.wall_seconds = time.perf_counter() - started
        return told

    async def _one_by_one(self, requests: Iterable[bytes], told: Latencies) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for request in requests:
            started = time.perf_counter()
            _note(told, started, await _exchange(reader, writer, request))
        writer.close()

    async def _from_queue(self, queue: asyncio.Queue[tuple[float, bytes] | None], told: Latencies) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while (item := await queue.get()) is not None:
            due, request = item
            _note(told, due, await _exchange(reader, writer, request))
        writer.close()


def post(path: str, body: bytes) -> bytes:
    """Return a request as bytes."""
    return b"POST %s HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


def get(path: str) -> bytes:
    """Return a request as bytes."""
    return b"GET %s HTTP/1.1\r\nHost: g\r\n\r\n" % path.encode()


def _note(told: Latencies, started: float, status: bytes) -> None:
    if status == b"200":
        told.seconds.append(time.perf_counter() - started)
    else:
        told.failed += 1


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head[9:12]
