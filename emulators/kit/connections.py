"""Open connections of clients, so that a fault can break one."""

import asyncio
import socket
import struct
from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connections:
    """Open connections by the client's address."""

    def __init__(self) -> None:
        self._open: dict[Any, asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return a protocol class that registers its connections here."""
        opened = self._open

        class TrackedProtocol(H11Protocol):
            """Uvicorn's protocol, known by its peer."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                opened[transport.get_extra_info("peername")[:2]] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                opened.pop(self.transport.get_extra_info("peername")[:2], None)
                super().connection_lost(exc)

        return TrackedProtocol

    async def hang_up(self, request: Request, manner: str, seconds: float) -> None:
        """End a connection without an answer: by a reset, by closing it, or after a long silence."""
        transport = self._open.get(tuple(request.scope["client"]))
        if manner == "timeout":
            await _silence(request, seconds)
        if transport is None:
            return
        if manner == "reset":
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def close(self, request: Request) -> None:
        """Close a connection once everything written so far has been sent."""
        transport = self._open.get(tuple(request.scope["client"]))
        if transport is not None:
            transport.close()


async def _silence(request: Request, seconds: float) -> None:
    """Wait until the client gives up, or the time is over."""
    waited = 0.0
    while waited < seconds and not await request.is_disconnected():
        await asyncio.sleep(0.05)
        waited += 0.05
