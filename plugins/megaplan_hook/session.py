"""The ``requests`` transport below the hook: every HTTP request passes here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from megaplan_hook.exceptions import MegaplanTransportError
from megaplan_hook.query import route


class MeteredAdapter(HTTPAdapter):
    """Takes each request from the budget, counts it, and turns what fails below HTTP into our error.

    Replays and token requests pass here as well. The body is read here too, so a truncated one fails here.
    Errors keep no URL: its query may hold people's data.

    :param acquire: blocks until a request may be sent.
    """

    def __init__(self, acquire: Callable[[], None]) -> None:
        super().__init__()
        self._acquire = acquire
        self._lock = threading.Lock()
        self.requests_sent = 0

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send one request.

        :raises MegaplanTransportError: when no whole answer comes.
        """
        self._acquire()
        with self._lock:
            self.requests_sent += 1
        try:
            response: requests.Response = super().send(request, **kwargs)
            if not kwargs.get("stream"):
                _ = response.content
            return response
        except requests.RequestException as error:
            raise MegaplanTransportError(f"{route(request.path_url)}: {_what_failed(error)}") from _reason(
                error
            )


def _what_failed(error: requests.RequestException) -> str:
    """Say it without the URL that requests puts into its messages."""
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate of Host is not trusted, or it speaks no TLS; check Host, or 'verify' in Extra"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refuses; check 'proxies' in Extra"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time; check Host of the connection"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer broke off (truncated body)"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return "no such address; check Host of the connection"
    if isinstance(error, requests.ConnectionError):
        reason = str(_reason(error) or "")
        if any(words in reason for words in ("resolve", "getaddrinfo", "Name or service")):
            return "Host is not known to DNS; check Host of the connection"
        if "refused" in reason:
            return "connection refused; check Host of the connection"
        if "timed out" in reason or "timed out" in str(error):
            return "no answer in time"
        return "the connection broke off"
    return f"request failed ({type(error).__name__})"


def _reason(error: requests.RequestException) -> BaseException | None:
    """Return what urllib3 gives as the reason; unlike its wrapper it does not quote the URL."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    return reason if isinstance(reason, BaseException) else None
