"""Whether a recording can be played yet: its status, type and size, asked for without downloading it.

Links are secrets: no message here holds one. Only the hosts of the configured cabinet are asked, redirects are not
followed; so nobody can make the worker fetch an address of his own by sending a notification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from uis_hook.settings import UisSettings

_PORTS = {"http": 80, "https": 443}
_SAY_NOTHING = {"application/octet-stream", "binary/octet-stream", "application/force-download"}
"""Types under which servers send any file; how it begins tells what it is."""
_BEGINS_LIKE_SOUND = re.compile(rb"ID3|\xff[\xe0-\xff]|RIFF....WAVE|OggS|fLaC", re.DOTALL)


@dataclass(frozen=True)
class RecordLook:
    """What a look at a recording has shown.

    :param problem: why it cannot be played; None when it can
    :param is_hopeless: looking again will not help
    """

    problem: str | None = None
    is_hopeless: bool = False


class RecordCheck:
    """Looks at recordings of one cabinet."""

    def __init__(self, settings: UisSettings) -> None:
        hosts = (settings.records_url, settings.media_url)
        self._origins = {origin for origin in (_origin(host or "") for host in hosts) if origin}
        self._timeout = (settings.connect_timeout_seconds, settings.read_timeout_seconds)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = settings.verify
        self._session.proxies = dict(settings.proxies)
        self._connection_id = settings.connection_id

    def look(self, url: str) -> RecordLook:
        """Ask for the first bytes of a recording."""
        if _origin(url) not in self._origins:
            return RecordLook(
                f"the link leads to another host than records_url and media_url of connection "
                f"{self._connection_id!r}",
                is_hopeless=True,
            )
        try:
            with self._session.get(
                url,
                headers={"Range": "bytes=0-1023", "Accept-Encoding": "identity"},
                stream=True,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                return _judged(response)
        except requests.RequestException as error:
            return RecordLook(f"no answer ({type(error).__name__})")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _judged(response: requests.Response) -> RecordLook:
    if response.status_code not in (200, 206):
        return RecordLook(f"the link answers {response.status_code}")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _SAY_NOTHING:
        begins = next(response.iter_content(1024), b"")
        if not begins:
            return RecordLook("the recording is empty")
        if _BEGINS_LIKE_SOUND.match(begins):
            return RecordLook()
    if not kind.startswith("audio/"):
        return RecordLook(f"the link opens {kind or 'something without a type'} instead of a recording")
    if _size(response) == 0:
        return RecordLook("the recording is empty")
    return RecordLook()


def _size(response: requests.Response) -> int:
    """Return the size in bytes, as far as it matters here: zero or not."""
    whole = re.fullmatch(r"bytes \S+/(\d+)", response.headers.get("Content-Range", ""))
    if whole:
        return int(whole[1])
    length = response.headers.get("Content-Length", "")
    if length.isdigit():
        return int(length)
    return len(next(response.iter_content(1024), b""))


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None for what is no plain http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
        return None
    return parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme]
