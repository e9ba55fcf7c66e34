"""An authenticated request, and reading its body within limits of size and time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.options import Options


@dataclass(frozen=True)
class Incoming:
    """An authenticated request with its account and complete body."""

    account: Account
    request: Request
    body: bytes

    @property
    def content_type(self) -> str | None:
        """The Content-Type header."""
        return self.request.headers.get("content-type")

    @property
    def query(self) -> str | None:
        """The raw query string; None if empty."""
        raw: bytes = self.request.scope["query_string"]
        return raw.decode("latin-1") or None


async def read_body(request: Request, options: Options, *, keeps_beginning: bool = False) -> bytes:
    """Read the complete body.

    :param keeps_beginning: of a body that is too large, return the beginning instead of refusing it
    :raises RefusedError: if it is too large (413), too slow (408) or incomplete (400)
    """
    limit = options.max_webhook_bytes if keeps_beginning else options.max_body_bytes
    content_length = request.headers.get("content-length", "")
    if content_length.isdecimal() and int(content_length) > limit and not keeps_beginning:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(options.body_seconds):
            async for part in request.stream():
                if size < limit:
                    parts.append(part)
                size += len(part)
                if size > limit and not keeps_beginning:
                    raise _too_large(limit)
    except TimeoutError:
        message = f"The body did not arrive within {options.body_seconds:g} seconds."
        raise RefusedError(408, message, closes=True) from None
    except ClientDisconnect:
        raise RefusedError(400, "The body is incomplete.", closes=True) from None
    return b"".join(parts)[:limit]


def _too_large(limit: int) -> RefusedError:
    return RefusedError(413, f"The body exceeds the limit of {limit} bytes.", closes=True)
