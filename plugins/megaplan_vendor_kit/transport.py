"""HTTP to a vendor, on ``requests``: one session, through whose adapter every request passes.

Errors and logs hold no URL and no body: there may be people's data in either, and secrets in the latter.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import requests
import urllib3
from requests import exceptions
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from megaplan_vendor_kit.exceptions import VendorTransportError

DISTRIBUTION = "airflow-provider-megaplan"
POOL_SIZE = 10
MOST_RESPONSE_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 128 * 1024
"""What is read at once of a body: a page of a list has hundreds of kilobytes."""

_CHECK_HOST = "check Host of the connection"
# what failed, and whether the request may have arrived nevertheless: a certificate or a proxy may also fail in the
# middle of an answer, so those stay unclear
_FAILURES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, bool], ...] = (
    (
        exceptions.SSLError,
        "the certificate is not trusted, or the address speaks no TLS; check Host, or 'verify' in Extra",
        True,
    ),
    (exceptions.ProxyError, "the proxy refuses; check 'proxies' in Extra", True),
    (exceptions.ConnectTimeout, f"no connection in time; {_CHECK_HOST}", False),
    (exceptions.Timeout, "no answer in time", True),
    (
        (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError),
        "the answer broke off (truncated body)",
        True,
    ),
    ((exceptions.InvalidURL, exceptions.InvalidSchema), f"no such address; {_CHECK_HOST}", False),
    (urllib3.exceptions.NameResolutionError, f"the address is not known to DNS; {_CHECK_HOST}", False),
)


class TransportSettings(Protocol):
    """The part of a connection's settings that concerns HTTP."""

    @property
    def verify(self) -> bool | str:
        """Whether certificates are checked, or the path of a CA bundle."""

    @property
    def proxies(self) -> Mapping[str, str]:
        """``{"https": "http://proxy:3128"}`` as in requests."""

    @property
    def connect_timeout_seconds(self) -> float:
        """How long a connection may take."""

    @property
    def read_timeout_seconds(self) -> float:
        """How long the vendor may be silent."""


class VendorSession(requests.Session):
    """A session that follows no redirects, never waits for ever, and sends nobody else's password.

    A redirected POST would silently become a GET elsewhere.

    :param settings: of the connection.
    :param adapter: through which everything is sent.
    :param auth: None sends none, not even what ``.netrc`` holds for that host.
    """

    def __init__(
        self, settings: TransportSettings, adapter: VendorAdapter, auth: AuthBase | None = None
    ) -> None:
        super().__init__()
        self.verify = settings.verify
        self.proxies = dict(settings.proxies)
        self.auth = auth or no_auth
        self.headers["User-Agent"] = user_agent()
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self._timeout = (settings.connect_timeout_seconds, settings.read_timeout_seconds)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request."""
        return super().send(request, **{**kwargs, "timeout": kwargs.get("timeout") or self._timeout})

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Redirect nowhere."""


def user_agent() -> str:
    """Return the name and, unless only the folder ``plugins`` is there, the version of this distribution."""
    try:
        return f"{DISTRIBUTION}/{version(DISTRIBUTION)}"
    except PackageNotFoundError:
        return DISTRIBUTION


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is; an auth of its own keeps ``requests`` from looking into ``.netrc``."""
    return request


class VendorAdapter(HTTPAdapter):
    """Counts requests, reads whole responses, and turns what fails below HTTP into the vendor's own error.

    Replays and logins pass here as well. The body is read here, so a truncated one fails here.

    :param error: builds the error out of the request, what failed, and whether the vendor may have got it.
    :param before_send: called before each request; may block.
    """

    def __init__(
        self,
        error: Callable[[requests.PreparedRequest, str, bool], VendorTransportError],
        before_send: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE)
        self._error = error
        self._before_send = before_send
        self._lock = threading.Lock()
        self.requests_sent = 0
        self.observer: Callable[[requests.PreparedRequest, requests.Response], None] | None = None
        """Gets every request with its whole response; None: nobody does."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send one request.

        :raises VendorTransportError: when no whole answer comes.
        """
        self._before_send()
        with self._lock:
            self.requests_sent += 1
        try:
            response: requests.Response = super().send(request, **kwargs)
            response.raw = _BoundedBody(response.raw)
            if not kwargs.get("stream"):
                _ = response.content
                if self.observer is not None:
                    self.observer(request, response)
            return response
        except requests.RequestException as error:
            what, maybe_accepted = _what_failed(error)
            raise self._error(request, what, maybe_accepted) from _reason(error)
        except _TooLargeError:
            response.close()
            failure = self._error(request, f"the answer is larger than {MOST_RESPONSE_BYTES} bytes", True)
            failure.tries_exhausted = True  # the next one would be no smaller
            raise failure from None


class _TooLargeError(Exception):
    """A body has more bytes than anybody wants."""


class _BoundedBody:
    """A response of urllib3 that is read, decompressed, to a certain size only."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amt: int | None = None, **kwargs: Any) -> Iterator[bytes]:
        left = MOST_RESPONSE_BYTES
        for chunk in self._raw.stream(max(amt or 0, _CHUNK_BYTES), **kwargs):
            left -= len(chunk)
            if left < 0:
                raise _TooLargeError
            yield chunk


def _what_failed(error: requests.RequestException) -> tuple[str, bool]:
    """Say what failed, and whether the request may have arrived nevertheless."""
    reason = _reason(error)
    for kind, what, maybe_accepted in _FAILURES:
        if isinstance(error, kind) or isinstance(reason, kind):
            return what, maybe_accepted
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        what = "connection refused" if "refused" in str(reason) else "no connection"
        return f"{what}; {_CHECK_HOST}", False
    if isinstance(error, requests.ConnectionError):
        is_late = "timed out" in str(reason or error)
        return "no answer in time" if is_late else "the connection broke off", True
    return f"request failed ({type(error).__name__})", True


def _reason(error: requests.RequestException) -> BaseException | None:
    """Return what urllib3 gives as the reason; unlike its wrapper it does not quote the URL."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    return reason if isinstance(reason, BaseException) else None
