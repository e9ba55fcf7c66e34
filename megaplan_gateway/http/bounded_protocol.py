"""Uvicorn's protocol with limits on idle connections and on the time and size of a request's head.

:mod:`megaplan_gateway.http.request_body` limits the body.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose next head arrives too late or is too large. Never writes an access log."""

    _head_timer: TimerHandle | None = None
    _head_bytes = 0
    _idle_since = 0.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # uvicorn logs accesses as soon as anything adds a handler, and the paths contain secrets
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first head; if there are too many connections, close the longest idle one.

        Connections that have served a request, such as a proxy's, are closed last.
        """
        super().connection_made(transport)
        self._expect_head()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._close_an_idle_one()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of an incomplete head."""
        if self._is_between_requests():
            self._expect_head()
        if self._head_timer is not None:
            self._head_bytes += min(len(data), MAX_HEAD_BYTES + 1)
        super().data_received(data)
        if self._head_timer is not None and self._head_bytes > MAX_HEAD_BYTES:
            self.transport.abort()

    @property
    def is_idle(self) -> bool:
        """Whether it has sent no complete head since it was opened, or since its last response."""
        return self._head_timer is not None or self._is_between_requests()

    def on_response_complete(self) -> None:
        """Note when the connection became idle."""
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def on_headers_complete(self) -> None:
        """Stop the timer; from here on the application handles the request."""
        self._stop_timer()
        super().on_headers_complete()

    def _close_an_idle_one(self) -> None:
        idle = [each for each in self.connections if isinstance(each, BoundedProtocol) and each.is_idle]
        chosen = min(idle, key=lambda each: (each.cycle is not None, each._idle_since))  # may be this one
        chosen.transport.abort()
        # uvicorn removes it in a later turn of the loop, and refuses requests until then
        self.connections.discard(chosen)

    def _is_between_requests(self) -> bool:
        return self._head_timer is None and (self.cycle is None or self.cycle.response_complete)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._idle_since = self._idle_since or self.loop.time()
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
