"""Answers as bytes, and how they are sent: at once, late, by half, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from .connections import Connections

HTML = "text/html; charset=utf-8"


@dataclass
class RawAnswer:
    """An answer as bytes, before it is sent."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: str = ""  # reset | close | timeout: how the connection ends instead of an answer
    delay: float = 0.0
    cut: bool = False  # half of the body goes out, then the connection is closed


async def send(answer: RawAnswer, request: Request, connections: Connections) -> Response:
    """Return the response to give to the server, or break the connection."""
    if answer.delay and answer.hang_up != "timeout":
        await asyncio.sleep(answer.delay)
    if answer.hang_up:
        await connections.hang_up(request, answer.hang_up, answer.delay)
        return Response(status_code=500)  # never arrives
    if answer.cut:
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        halves = _halves(answer.body, request, connections)
        return StreamingResponse(halves, answer.status, headers, answer.content_type)
    return Response(answer.body, answer.status, answer.headers, answer.content_type)


async def _halves(body: bytes, request: Request, connections: Connections) -> AsyncIterator[bytes]:
    """Yield half of a body, close the connection, then yield the rest, which reaches nobody."""
    yield body[: len(body) // 2]
    connections.close(request)
    await asyncio.sleep(0.05)
    yield body[len(body) // 2 :]
