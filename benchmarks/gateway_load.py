"""A cheap HTTP load generator with keep-alive that records latencies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

OPEN_CONNECTIONS = 256
"""Connections of ``at_rate``, more than are needed while the server keeps up."""


@dataclass
class Latencies:
    """Latencies of successful requests in seconds, and the total duration."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    wall_seconds: float = 0.0

    def percentile_ms(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    @property
    def per_second(self) -> float:
        """Successful requests per second."""
        return len(self.seconds) / self.wall_seconds


class Sender:
    """Connections to one server."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def at_max_rate(self, requests: Iterable[bytes], connections: int) -> Latencies:
        """Send requests back to back on each connection (closed loop)."""
        measured, waiting = Latencies(), iter(requests)
        started = time.perf_counter()
        await asyncio.gather(*(self._one_by_one(waiting, measured) for _ in range(connections)))
        measured.wall_seconds = time.perf_counter() - started
        return measured

    async def at_rate(self, make: Callable[[int], bytes], per_second: float, seconds: float) -> Latencies:
        """Send at a fixed rate (open loop); latencies include the wait for a free connection."""
        measured, queue = Latencies(), asyncio.Queue[tuple[float, bytes] | None]()
        workers = [asyncio.create_task(self._from_queue(queue, measured)) for _ in range(OPEN_CONNECTIONS)]
        started, number, count = time.perf_counter(), 0, int(per_second * seconds)
        while number < count:
            until = min(count, int((time.perf_counter() - started) * per_second) + 1)
            for index in range(number, until):
                queue.put_nowait((started + index / per_second, make(index)))
            number = max(number, until)
            await asyncio.sleep(0.001)
        for _ in workers:
            queue.put_nowait(None)
        await asyncio.gather(*workers)
        measured.wall_seconds = time.perf_counter() - started
        return measured

    async def _one_by_one(self, requests: Iterable[bytes], measured: Latencies) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for request in requests:
            started = time.perf_counter()
            _record(measured, started, await _exchange(reader, writer, request))
        writer.close()

    async def _from_queue(
        self, queue: asyncio.Queue[tuple[float, bytes] | None], measured: Latencies
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while (item := await queue.get()) is not None:
            due, request = item
            _record(measured, due, await _exchange(reader, writer, request))
        writer.close()


def post(path: str, body: bytes) -> bytes:
    """Return a POST request as bytes."""
    return b"POST %s HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


def get(path: str) -> bytes:
    """Return a GET request as bytes."""
    return b"GET %s HTTP/1.1\r\nHost: g\r\n\r\n" % path.encode()


def _record(measured: Latencies, started: float, status: bytes) -> None:
    if status == b"200":
        measured.seconds.append(time.perf_counter() - started)
    else:
        measured.failed += 1


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head[9:12]
