"""Logins and tokens: password and refresh grants in the bare OAuth shape."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..kit.clock import Clock
from .knobs import Knobs


@dataclass
class _Refresh:
    """A refresh token; for a short while after its use it still returns its successor."""

    token: str
    used_at: float | None = None
    successor: dict[str, Any] | None = None


def _new_token() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


class Tokens:
    """Issues and checks tokens."""

    def __init__(
        self, login: str, password: str, clock: Clock, knobs: Knobs, of_applications: Callable[[], set[str]]
    ) -> None:
        self._of_applications = of_applications
        self._login = login
        self._password = password
        self._clock = clock
        self._knobs = knobs
        self._access: dict[str, float] = {}
        self._refresh: dict[str, _Refresh] = {}
        self.issued: list[str] = []

    def grant(self, form: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer the token endpoint: a status and a body without envelope."""
        match form.get("grant_type"):
            case "password":
                if (form.get("username"), form.get("password")) != (self._login, self._password):
                    return _failure("invalid_grant", "Invalid username and password combination")
                return 200, self._issue()
            case "refresh_token":
                return self._rotate(str(form.get("refresh_token", "")))
            case None:
                return _failure("invalid_request", "Invalid grant_type parameter or parameter missing")
            case _:
                return _failure("unsupported_grant_type")

    def is_good(self, token: str | None) -> bool:
        """Return whether a token opens the API: an access token that has not expired, or an application's."""
        if token is None:
            return False
        if token in self.app_tokens():
            return True
        expires = self._access.get(token)
        return expires is not None and self._clock.now() < expires

    def app_tokens(self) -> set[str]:
        """Return the tokens of applications and those of the knob, whose first is an application's."""
        further = self._knobs.app_tokens.split(",")[1:]
        return {token.strip() for token in further if token.strip()} | self._of_applications()

    def expire_all(self) -> None:
        """Make every access token invalid at once; refresh tokens stay."""
        self._access.clear()

    def _issue(self) -> dict[str, Any]:
        access, refresh = _new_token(), _new_token()
        self.issued += [access, refresh]
        self._access[access] = self._clock.now() + self._knobs.token_ttl_s
        self._refresh[refresh] = _Refresh(refresh)
        return {
            "access_token": access,
            "expires_in": int(self._knobs.token_ttl_s),
            "token_type": "bearer",
            "scope": None,
            "refresh_token": refresh,
        }

    def _rotate(self, token: str) -> tuple[int, dict[str, Any]]:
        known = self._refresh.get(token)
        now = self._clock.now()
        if known is None:
            return _failure("invalid_grant", "Invalid refresh token")
        if known.successor is not None and known.used_at is not None:
            if now - known.used_at > self._knobs.refresh_reuse_leeway_s:
                return _failure("invalid_grant", "Invalid refresh token")
            return 200, known.successor
        known.used_at, known.successor = now, self._issue()
        return 200, known.successor


def _failure(error: str, description: str | None = None) -> tuple[int, dict[str, Any]]:
    body = {"error": error}
    return 400, body if description is None else {**body, "error_description": description}
