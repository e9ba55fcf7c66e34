"""The token endpoint: what to send and how to read the answer. Free of I/O.

It answers in plain OAuth, without the envelope of all other routes: ``{"access_token", "expires_in", "token_type",
"scope", "refresh_token"}``, and 400 with ``{"error": "invalid_grant", "error_description"}`` for wrong
credentials and for a dead refresh token (dev.megaplan.ru/apiv3; confirmed live by two public clients). Every
refresh gives a new refresh token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from megaplan_hook.envelope import parse_answer
from megaplan_hook.exceptions import MegaplanAuthError, MegaplanTransportError, api_error, error_details
from megaplan_hook.vendor_quirks import TokenBody

TOKEN_PATH = "/auth/access_token"
# a token is renewed so long before the end that Megaplan announced
RENEW_BEFORE_END_SECONDS = 60.0


@dataclass(frozen=True)
class Token:
    """A pair of tokens; opaque texts of 80–90 characters.

    :param expires_in: seconds, a hint: 172800 as a rule, but the only proof is a 401.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: float | None = None


class RefusedGrantError(MegaplanAuthError):
    """400 of the token endpoint: wrong credentials, or a refresh token that is no longer valid."""


def password_grant(login: str, password: str) -> dict[str, str]:
    """Build the arguments that turn login and password into tokens."""
    return {"grant_type": "password", "username": login, "password": password}


def refresh_grant(refresh_token: str) -> dict[str, str]:
    """Build the arguments that turn a refresh token into a new pair."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def encoded_grant(grant: Mapping[str, str], token_body: TokenBody) -> dict[str, Any]:
    """Return what makes ``requests`` and ``httpx`` send these as the vendor quirk ``token_body`` says."""
    if token_body == "json":
        return {"json": dict(grant)}
    if token_body == "multipart":
        return {"files": {name: (None, value) for name, value in grant.items()}}
    return {"data": dict(grant)}


def renew_after_seconds(token: Token) -> float:
    """Return how long a token is used; without an announced end until it is refused."""
    if token.expires_in is None:
        return float("inf")
    # at least half of the announced time, or a short-lived token would be renewed all the time
    return token.expires_in - min(RENEW_BEFORE_END_SECONDS, token.expires_in / 2)


def refuses_token(status: int, body: bytes) -> bool:
    """Tell whether the token of a request was refused: HTTP 401, or HTTP 200 with ``meta.status`` 401."""
    if status == 401:
        return True
    # the envelope of a refusal is short; a long page of rows is not parsed a second time for this
    if status != 200 or len(body) > 10_000 or b"401" not in body:
        return False
    try:
        return int(orjson.loads(body)["meta"]["status"]) == 401
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return False


def parse_token_answer(status: int, body: bytes, retry_after: float | None = None) -> Token:
    """Read the answer of the token endpoint.

    :raises RefusedGrantError: when Megaplan refuses what was sent.
    :raises MegaplanAPIError: for other error statuses, 429 and 5xx among them.
    :raises MegaplanTransportError: when there is no usable answer.
    """
    document = _json_object(body)
    if status == 200 and document is not None and document.get("access_token"):
        refresh_token = document.get("refresh_token")
        return Token(
            access_token=str(document["access_token"]),
            refresh_token=str(refresh_token) if refresh_token else None,
            expires_in=_seconds(document.get("expires_in")),
        )
    if status in (400, 401) and document is not None and "meta" not in document:
        reason = str(document.get("error") or "no reason given")
        raise RefusedGrantError(f"Megaplan refuses the token request: {reason}")
    if document is not None and "meta" not in document and status >= 400:
        raise api_error(status, TOKEN_PATH, error_details(document.get("error_description")), retry_after)
    answer = parse_answer(status, body, TOKEN_PATH)
    if answer.status == 401:
        raise RefusedGrantError("Megaplan refuses the token request: Unauthorized")
    answer.raise_for_status(TOKEN_PATH, retry_after)
    raise MegaplanTransportError(f"{TOKEN_PATH}: an answer without access_token, {status}", status)


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, Mapping) else None


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if seconds > 0 else None
