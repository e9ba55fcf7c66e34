"""Uvicorn's protocol with limits on a request's head, which uvicorn itself neither bounds in time nor in size.

The body is bounded in :mod:`megaplan_gateway.http.request_body`.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
LARGEST_HEAD_BYTES = 64 * 1024


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections whose next head does not arrive in time, or is too large. Never writes an access log."""

    _head_timer: TimerHandle | None = None
    _head_bytes = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # uvicorn asks whether the access logger has handlers, which any later set-up of logging may give it; and its
        # lines would hold the secrets of paths
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that is not complete."""
        if self._is_between_requests():
            self._expect_head()
        if self._head_timer is not None:
            self._head_bytes += min(len(data), LARGEST_HEAD_BYTES + 1)
        super().data_received(data)
        if self._head_timer is not None and self._head_bytes > LARGEST_HEAD_BYTES:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """Let the application do the rest."""
        self._head_is_there()
        super().on_headers_complete()

    def _is_between_requests(self) -> bool:
        return self._head_timer is None and (self.cycle is None or self.cycle.response_complete)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
