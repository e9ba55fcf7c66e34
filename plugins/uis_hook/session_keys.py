"""Getting in: a permanent key, or login and password that become a session key for an hour. Free of I/O.

``login.user`` answers ``access_token`` and ``expire_at`` (unix seconds; the Data API's sample calls it
``expire``). An expired session key is answered like an unknown one, ``access_token_invalid``. Whether a key of
one API opens the other is not documented, so each has its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from megaplan_vendor_kit.known_secrets import remember_secret
from megaplan_vendor_kit.responses import finite_number
from uis_hook.exceptions import UisTransportError
from uis_hook.jsonrpc import Answer, Api, Request, one_object

# a key is renewed so long before the end that UIS announced
RENEW_BEFORE_END_SECONDS = 60.0


@dataclass(frozen=True)
class SessionKey:
    """A session key.

    :param expire_at: unix seconds; None when UIS did not say.
    """

    access_token: str = field(repr=False)
    expire_at: float | None = None

    def __post_init__(self) -> None:
        """Keep it out of texts."""
        remember_secret(self.access_token)


def login_request(api: Api, login: str, password: str) -> Request[SessionKey]:
    """Build the request that turns login and password into a session key."""
    return Request("login.user", {"login": login, "password": password}, _session_key, api=api)


def _session_key(answer: Answer) -> SessionKey:
    data = one_object(answer)
    if not data.get("access_token"):
        raise UisTransportError(f"{answer.method}: an answer without access_token")
    ends = data.get("expire_at") or data.get("expire")
    return SessionKey(str(data["access_token"]), finite_number(ends))


class Keys:
    """The keys of one connection, kept in memory only. Safe for threads.

    Two threads may log in at once; the later key is then used by both.

    :param access_token: a permanent key, which nothing can renew; None to log in.
    :param login: of a user of the cabinet.
    :param password: of that user.
    :param lifetime_seconds: of a session key whose end UIS does not name.
    """

    def __init__(
        self,
        access_token: str | None,
        login: str | None,
        password: str | None,
        lifetime_seconds: float = 3600,
    ) -> None:
        self._access_token = access_token
        self._login = login or ""
        self._password = password or ""
        self._lifetime_seconds = lifetime_seconds
        self._lock = threading.Lock()
        self._keys: dict[Api, tuple[str, float]] = {}

    @property
    def renewable(self) -> bool:
        """Whether a refused key can be replaced by logging in."""
        return self._access_token is None

    def current(self, api: Api, now: float) -> str | None:
        """Return the key to use; None when it is time to log in.

        :param now: unix seconds.
        """
        if self._access_token is not None:
            return self._access_token
        with self._lock:
            key, renew_at = self._keys.get(api, (None, 0.0))
        return key if key is not None and now < renew_at else None

    def login_request(self, api: Api) -> Request[SessionKey]:
        """Build the request that gets a new key."""
        return login_request(api, self._login, self._password)

    def keep(self, api: Api, key: SessionKey, now: float) -> None:
        """Use this key from now on."""
        lives = self._lifetime_seconds if key.expire_at is None else key.expire_at - now
        # at least half of the time, or a short-lived key (or a clock that is wrong) would mean endless logins
        lives = max(lives, 0.0) or self._lifetime_seconds
        with self._lock:
            self._keys[api] = (key.access_token, now + lives - min(RENEW_BEFORE_END_SECONDS, lives / 2))

    def forget(self, api: Api, refused: str) -> None:
        """Drop a key that UIS has refused, unless another thread has replaced it already."""
        with self._lock:
            if self._keys.get(api, ("", 0.0))[0] == refused:
                del self._keys[api]
