"""Keys of the APIs: permanent ones as created in the cabinet, and session keys from ``login.user``."""

import secrets
from dataclasses import dataclass

from ..kit.clock import Clock
from .errors import RpcError
from .knobs import Knobs

SESSION_SECONDS = 3_600


@dataclass
class Token:
    """One key. ``apis``: the permissions of its user, ``dataapi`` and ``callapi``."""

    key: str
    name: str
    apis: frozenset[str] = frozenset({"data", "call"})
    expires: float | None = None
    is_session: bool = False
    blocked: bool = False


# perpetual, expired, blocked, and two users who may use one API only
PERMANENT = "uis-demo-token"
EXPIRED = "uis-expired-token"
BLOCKED = "uis-blocked-token"
DATA_ONLY = "uis-data-only-token"
CALL_ONLY = "uis-call-only-token"


class Tokens:
    """All keys of the account."""

    def __init__(self, clock: Clock, knobs: Knobs) -> None:
        self._clock = clock
        self._knobs = knobs
        self.known: dict[str, Token] = {}
        for key in {PERMANENT, *filter(None, (key.strip() for key in knobs.tokens.split(",")))}:
            self.known[key] = Token(key, "permanent" if key == PERMANENT else "extra")
        self.known[EXPIRED] = Token(EXPIRED, "expired", expires=0)
        self.known[BLOCKED] = Token(BLOCKED, "blocked", blocked=True)
        self.known[DATA_ONLY] = Token(DATA_ONLY, "data only", frozenset({"data"}))
        self.known[CALL_ONLY] = Token(CALL_ONLY, "call only", frozenset({"call"}))

    def find(self, key: object) -> Token:
        """Return a key that is valid now.

        :raises RpcError: access_token_invalid (unknown, or an expired session), _expired, _blocked.
        """
        token = self.known.get(key) if isinstance(key, str) else None
        if token is None:
            raise RpcError("access_token_invalid", "access_token")
        if token.blocked:
            raise RpcError("access_token_blocked", "access_token")
        if token.expires is not None and token.expires <= self._clock.now():
            # an expired session key is "invalid"; only a permanent key past its date is "expired"
            raise RpcError(
                "access_token_invalid" if token.is_session else "access_token_expired", "access_token"
            )
        return token

    def login(self, login: str, password: str) -> Token:
        """Create a session key that is valid for an hour.

        :raises RpcError: auth_error.
        """
        if (login, password) != (self._knobs.login, self._knobs.password):
            raise RpcError("auth_error")
        key = secrets.token_hex(20)
        token = Token(key, f"session of {login}", is_session=True)
        token.expires = self._clock.now() + SESSION_SECONDS
        self.known[key] = token
        return token

    def logout(self, token: Token) -> None:
        """End a session; a permanent key stays."""
        if token.is_session:
            self.known.pop(token.key, None)

    def end_sessions(self) -> None:
        """Drop all session keys."""
        self.known = {key: token for key, token in self.known.items() if not token.is_session}
