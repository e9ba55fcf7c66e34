"""Checks whether a recording can be played, by its status and its first bytes, without downloading it.

Links are secrets, so no message contains one. Only the hosts of the UIS connection are requested, also when they
redirect, so a forged notification cannot make the worker fetch a foreign address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests

from megaplan_sync.telephony.push import sound
from uis_hook.settings import UisSettings

_PORTS = {"http": 80, "https": 443}
_PAGES = re.compile(r"text/html|application/(?:xhtml\+xml|json|[\w.-]+\+json|xml)|text/(?:json|xml)")
_LOGIN_PATH = re.compile(
    r"(?:^|[/._-])(?:log-?in|sign-?in|auth|sso|oauth2?|saml)(?:$|[/._?-])", re.IGNORECASE
)
_LEADS_BACK = re.compile(
    r"(?:^|&)(?:return|redirect|back|next|continue|goto|retpath)(?:_?(?:to|ur[il]|path))?=", re.IGNORECASE
)
"""In a query: no address of a file says where to go afterwards."""
_NEEDS_LOGIN = (401, 403)

_NO_ADDRESS = "the link redirects to something that is no web address"


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    :param problem: why the recording cannot be played; None if it can
    :param is_final: another check will not change the result
    """

    problem: str | None = None
    is_final: bool = False


class RecordingCheck:
    """Checks recordings of one UIS account."""

    def __init__(self, settings: UisSettings) -> None:
        hosts = (settings.records_url, settings.media_url)
        self._origins = {origin for origin in (_origin(host or "") for host in hosts) if origin}
        self._timeout = (settings.connect_timeout_seconds, settings.read_timeout_seconds)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = settings.verify
        self._session.proxies = dict(settings.proxies)
        self._connection_id = settings.connection_id
        self._need_login = settings.recordings_need_login

    def check(self, url: str) -> CheckResult:
        """Request the first bytes of a recording, and those of one redirect within the account's hosts."""
        if _origin(url) not in self._origins:
            return CheckResult(
                f"the link leads to another host than records_url and media_url of connection "
                f"{self._connection_id!r}",
                is_final=True,
            )
        try:
            return self._check(url, redirects=1)
        except requests.RequestException as error:
            return CheckResult(f"no answer ({type(error).__name__})")
        except ValueError:  # requests and urljoin parse the address of a redirect
            return CheckResult(_NO_ADDRESS)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _check(self, url: str, redirects: int) -> CheckResult:
        with self._session.get(
            url,
            headers={"Range": f"bytes=0-{sound.FIRST_BYTES - 1}", "Accept-Encoding": "identity"},
            stream=True,
            allow_redirects=False,
            timeout=self._timeout,
        ) as response:
            if not response.is_redirect:
                return self._result(response)
            target = urljoin(url, response.headers["Location"])
        origin = _origin(target)
        if origin is None:
            return CheckResult(_NO_ADDRESS)
        if _LOGIN_PATH.search(urlsplit(target).path):
            return self._behind_login("the link leads to a login page")
        if origin not in self._origins:
            parts = urlsplit(target)
            if parts.path in ("", "/") or _LEADS_BACK.search(parts.query):
                return self._behind_login("the link leads to a page, perhaps of a login")
            return CheckResult()  # such as a signed address of a storage; a browser follows it, we do not
        if not redirects:
            return CheckResult("the link redirects more than once")
        return self._check(target, redirects - 1)

    def _result(self, response: requests.Response) -> CheckResult:
        if response.status_code in _NEEDS_LOGIN:
            return self._behind_login(f"the link answers {response.status_code}")
        if response.status_code not in (200, 206):
            return CheckResult(f"the link answers {response.status_code}")
        start = _start(response)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not start:
            return CheckResult("the recording is empty")
        if _PAGES.fullmatch(kind) or sound.is_markup(start):
            return self._behind_login(f"the link opens {kind or 'a page'} instead of a recording")
        if not kind.startswith("audio/") and not sound.is_sound(start):
            return CheckResult(f"the link opens {kind or 'something without a type'} instead of a recording")
        if not sound.has_sound(start, _size(response, len(start))):
            return CheckResult("the recording is empty")
        return CheckResult()

    def _behind_login(self, problem: str) -> CheckResult:
        """Return the result for what only people who are signed in to the cabinet can open."""
        if self._need_login:
            return CheckResult()
        return CheckResult(f"{problem} (if it plays for people who are signed in, set recordings_need_login)")


def _start(response: requests.Response) -> bytes:
    start = b""
    for part in response.iter_content(sound.FIRST_BYTES):
        start += part
        if len(start) >= sound.FIRST_BYTES:
            break
    return start[: sound.FIRST_BYTES]


def _size(response: requests.Response, received: int) -> int:
    """Return the size of the whole file, or what was received if the answer does not say."""
    whole = re.fullmatch(r"bytes \S+/(\d+)", response.headers.get("Content-Range", ""))
    if whole:
        return int(whole[1])
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and response.status_code != requests.codes.partial_content:
        return int(length)
    return received


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None if it is not a plain http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
        return None
    return parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme]
