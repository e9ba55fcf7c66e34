"""HTTP clients for the vendors, configured by the connection."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx


def http_client(
    *, verify: bool | str, proxies: Mapping[str, str], connect_seconds: float, read_seconds: float
) -> httpx.AsyncClient:
    """Return a client with keep-alive that does not follow redirects.

    :param verify: whether to verify certificates, or the path of a CA bundle
    :param proxies: as in requests, ``{"https": "http://proxy:3128"}``
    """
    context = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify
    mounts = {
        f"{scheme}://": httpx.AsyncHTTPTransport(proxy=url, verify=context)
        for scheme, url in proxies.items()
        if url
    }
    return httpx.AsyncClient(
        verify=context,
        mounts=mounts or None,
        timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30),
        follow_redirects=False,
    )


TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""What httpx raises; the last two for addresses that cannot be, such as a proxy's redirect."""


def describe_failure(error: Exception) -> tuple[str, bool]:
    """Describe a transport error without addresses; also return whether the request may have arrived."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "connection timed out; check Host of the connection", False
    if isinstance(error, httpx.ConnectError):
        return "connection failed; check Host of the connection", False
    if isinstance(error, httpx.TimeoutException):
        return "no response in time", True
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | UnicodeError):
        return "invalid address; check Host of the connection", False
    return f"connection lost ({type(error).__name__})", True
