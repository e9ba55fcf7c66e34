"""An authenticated request, and reading its body: not more than allowed, and not longer than allowed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.options import Options


@dataclass(frozen=True)
class Incoming:
    """An authenticated request: its account, and the whole body."""

    account: Account
    request: Request
    body: bytes

    @property
    def content_type(self) -> str | None:
        """The header Content-Type."""
        return self.request.headers.get("content-type")

    @property
    def query(self) -> str | None:
        """The query string as it came."""
        raw: bytes = self.request.scope["query_string"]
        return raw.decode("latin-1") or None


async def read_whole(request: Request, options: Options) -> bytes:
    """Return the body.

    :raises RefusedError: it is too large (413), too slow (408) or broke off (400)
    """
    most = options.largest_body_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(options.body_seconds):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise _too_large(most)
                parts.append(part)
    except TimeoutError:
        told = f"The body did not arrive within {options.body_seconds:g} seconds."
        raise RefusedError(408, told, closes=True) from None
    except ClientDisconnect:
        raise RefusedError(400, "The body broke off.", closes=True) from None
    return b"".join(parts)


def _too_large(most: int) -> RefusedError:
    return RefusedError(413, f"The body is larger than {most} bytes, the most that is taken.", closes=True)
