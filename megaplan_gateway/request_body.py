"""Reads the body of a request: not more than allowed, and not longer than allowed."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from megaplan_gateway.options import Options
from megaplan_gateway.refusals import RefusedError


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
