"""HTTP clients for the vendors, set up as the connection says."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx


def http_client(
    *, verify: bool | str, proxies: Mapping[str, str], connect_seconds: float, read_seconds: float
) -> httpx.AsyncClient:
    """Return a client that follows no redirects and keeps its connections.

    :param verify: check certificates, or the path of a CA bundle
    :param proxies: ``{"https": "http://proxy:3128"}`` as in requests
    """
    context: ssl.SSLContext | bool = verify if isinstance(verify, bool) else _trusting(verify)
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


def _trusting(bundle: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=bundle)


def what_failed(error: httpx.HTTPError) -> tuple[str, bool]:
    """Say without any address what failed below HTTP, and whether the request may have arrived nevertheless."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "no connection in time; check Host of the connection", False
    if isinstance(error, httpx.ConnectError):
        return "no connection; check Host of the connection", False
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time", True
    if isinstance(error, httpx.UnsupportedProtocol):
        return "no such address; check Host of the connection", False
    return f"the connection broke off ({type(error).__name__})", True
