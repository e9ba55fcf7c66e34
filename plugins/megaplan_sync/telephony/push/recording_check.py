"""Checks whether a recording can be played, by its status, type and size, without downloading it.

Links are secrets, so no message contains one. Only the hosts of the UIS connection are requested and redirects are
not followed, so a forged notification cannot make the worker fetch a foreign address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from uis_hook.settings import UisSettings

_PORTS = {"http": 80, "https": 443}
_UNSPECIFIC_TYPES = {"application/octet-stream", "binary/octet-stream", "application/force-download"}
"""Types that servers use for any file; the first bytes show what it is."""
_AUDIO_SIGNATURE = re.compile(rb"ID3|\xff[\xe0-\xff]|RIFF....WAVE|OggS|fLaC", re.DOTALL)


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

    def check(self, url: str) -> CheckResult:
        """Request the first bytes of a recording."""
        if _origin(url) not in self._origins:
            return CheckResult(
                f"the link leads to another host than records_url and media_url of connection "
                f"{self._connection_id!r}",
                is_final=True,
            )
        try:
            with self._session.get(
                url,
                headers={"Range": "bytes=0-1023", "Accept-Encoding": "identity"},
                stream=True,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                return _result(response)
        except requests.RequestException as error:
            return CheckResult(f"no answer ({type(error).__name__})")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _result(response: requests.Response) -> CheckResult:
    if response.status_code not in (200, 206):
        return CheckResult(f"the link answers {response.status_code}")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _UNSPECIFIC_TYPES:
        start = next(response.iter_content(1024), b"")
        if not start:
            return CheckResult("the recording is empty")
        if _AUDIO_SIGNATURE.match(start):
            return CheckResult()
    if not kind.startswith("audio/"):
        return CheckResult(f"the link opens {kind or 'something without a type'} instead of a recording")
    if _size(response) == 0:
        return CheckResult("the recording is empty")
    return CheckResult()


def _size(response: requests.Response) -> int:
    """Return the size in bytes, or at least whether it is zero."""
    whole = re.fullmatch(r"bytes \S+/(\d+)", response.headers.get("Content-Range", ""))
    if whole:
        return int(whole[1])
    length = response.headers.get("Content-Length", "")
    if length.isdigit():
        return int(length)
    return len(next(response.iter_content(1024), b""))


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
