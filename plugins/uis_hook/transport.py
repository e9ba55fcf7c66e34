"""The ``requests`` transport below the hook: every HTTP request passes here."""

from __future__ import annotations

import threading
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from uis_hook.exceptions import UisTransportError


class CountingAdapter(HTTPAdapter):
    """Counts requests and turns what fails below HTTP into our error, without URLs and bodies.

    The body of the answer is read here too, so a truncated one fails here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self.requests_sent = 0

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send one request.

        :raises UisTransportError: when no whole answer comes; it knows whether UIS may have got the request.
        """
        with self._lock:
            self.requests_sent += 1
        try:
            response: requests.Response = super().send(request, **kwargs)
            if not kwargs.get("stream"):
                _ = response.content
            return response
        except requests.RequestException as error:
            what, maybe_accepted = _what_failed(error)
            raise UisTransportError(what, maybe_accepted=maybe_accepted) from _reason(error)


def _what_failed(error: requests.RequestException) -> tuple[str, bool]:
    """Say what failed, and whether the request may have arrived nevertheless."""
    failures: list[tuple[Any, str]] = [
        (
            requests.exceptions.SSLError,
            "the certificate is not trusted, or the address speaks no TLS; check Host, or 'verify' in Extra",
        ),
        (requests.exceptions.ProxyError, "the proxy refuses; check 'proxies' in Extra"),
        (requests.exceptions.ConnectTimeout, "no connection in time; check brand and Host of the connection"),
        (
            (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema),
            "no such address; check Host of the connection",
        ),
    ]
    for kind, what in failures:
        if isinstance(error, kind):
            # a certificate or a proxy may also fail in the middle of an answer: those stay unclear
            not_sent = not isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError)
            return what, not not_sent
    if isinstance(error, requests.Timeout):
        return "no answer in time", True
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer broke off (truncated body)", True
    reason = _reason(error)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "the address is not known to DNS; check Host of the connection", False
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "connection refused; check Host of the connection", False
    if isinstance(error, requests.ConnectionError):
        return "no answer in time" if "timed out" in str(
            reason or error
        ) else "the connection broke off", True
    return f"request failed ({type(error).__name__})", True


def _reason(error: requests.RequestException) -> BaseException | None:
    """Return what urllib3 gives as the reason; unlike its wrapper it does not quote the URL."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    return reason if isinstance(reason, BaseException) else None
