"""The token endpoint: what to send and how to read the answer. Free of I/O.

It answers in plain OAuth, without the envelope of all other routes: ``{"access_token", "expires_in", "token_type",
"scope", "refresh_token"}``, and 400 with ``{"error": "invalid_grant", "error_description"}`` for wrong
credentials and for a dead refresh token (dev.megaplan.ru/apiv3; confirmed live by two public clients). Any JSON
object without a token is taken for a refusal, whatever its status below 500: asking again would not help, and
might lock the user out. Every refresh gives a new refresh token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from megaplan_hook.envelope import parse_answer
from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanTransportError,
    RefusedPart,
    api_error,
    error_details,
)
from megaplan_hook.vendor_quirks import TokenBody
from megaplan_vendor_kit.field_error import shortened
from megaplan_vendor_kit.known_secrets import remember_secret
from megaplan_vendor_kit.responses import finite_number, read_json, whole_number

TOKEN_PATH = "/auth/access_token"
# a token is renewed so long before the end that Megaplan announced
RENEW_BEFORE_END_SECONDS = 60.0
_MOST_LEVELS = 8
_WORDED = ("error", "errors", "error_description", "message", "code", "text", "data")


@dataclass(frozen=True)
class Token:
    """A pair of tokens; opaque texts of 80–90 characters.

    :param expires_in: seconds, a hint: 172800 as a rule, but the only proof is a 401.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: float | None = None

    def __post_init__(self) -> None:
        """Keep both out of texts: answers of Megaplan may repeat them."""
        for secret in (self.access_token, self.refresh_token):
            if secret:
                remember_secret(secret)


class RefusedGrantError(MegaplanAuthError):
    """The token endpoint refuses: wrong credentials, two-factor login, a refresh token that is no longer valid.

    :param reason: Megaplan's own words, shortened; they may repeat what was sent.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason, "address" if status == 404 else _refused_part(reason))
        self.reason = shortened(reason, 200)


def refused_login(
    connection_id: str, refusal: RefusedGrantError, grant: Mapping[str, str]
) -> MegaplanAuthError:
    """Build the error for refused credentials, in Megaplan's words without what was sent.

    :param grant: as it was sent
    """
    reason = refusal.reason
    for name in ("password", "username"):
        if grant.get(name):
            reason = reason.replace(grant[name], "***")
    refused = refusal.refused
    if refused == "request":
        return MegaplanAuthError(
            f"Megaplan does not understand the login of connection {connection_id!r}: {reason}; remove "
            "token_body from vendor_quirks, or try another of its values",
            refused,
        )
    is_second_factor = refused == "second_factor"
    instead = (
        " (of a user without two-factor login), or application_token instead" if is_second_factor else ""
    )
    return MegaplanAuthError(
        f"Megaplan refuses the credentials of connection {connection_id!r}: {reason}; check Login (e-mail) and "
        f"Password{instead}, and that Host is this user's account",
        refused,
    )


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
    document = _json(body)
    meta = document.get("meta") if isinstance(document, Mapping) else None
    return isinstance(meta, Mapping) and whole_number(meta.get("status")) == 401


def parse_token_answer(status: int, body: bytes, retry_after: float | None = None) -> Token:
    """Read the answer of the token endpoint.

    :raises RefusedGrantError: when Megaplan refuses what was sent.
    :raises MegaplanAPIError: for other error statuses, 429 and 5xx among them.
    :raises MegaplanTransportError: when there is no usable answer.
    """
    document = _json(body)
    if status < 300 and isinstance(document, Mapping):
        for holder in (document, document.get("data")):  # the envelope of all other routes
            if (token := _token_in(holder)) is not None:
                return token
    if document is None or (isinstance(document, Mapping) and "meta" in document):
        answer = parse_answer(status, body, TOKEN_PATH)
        status = answer.status
        told = [error["message"] for error in answer.errors] or _words(answer.data)
    else:
        told = _words(document)
    if status == 429 or status >= 500:
        raise api_error(status, TOKEN_PATH, error_details(told), retry_after)
    if document is None and status < 400:
        raise MegaplanTransportError(f"{TOKEN_PATH}: an answer without access_token, {status}", status)
    raise RefusedGrantError(": ".join(filter(None, told)) or f"{status} without a token or a reason", status)


def _refused_part(reason: str) -> RefusedPart:
    words = reason.lower()
    if any(word in words for word in ("two_factor", "two-factor", "2fa", "otp")):
        return "second_factor"
    is_about_the_form = "invalid_request" in words or "unsupported_grant_type" in words
    return "request" if is_about_the_form else "credentials"


def _token_in(document: Any) -> Token | None:
    access_token = document.get("access_token") if isinstance(document, Mapping) else None
    if not isinstance(access_token, str) or not access_token:
        return None
    refresh_token = document.get("refresh_token")
    return Token(
        access_token=access_token,
        refresh_token=str(refresh_token) if refresh_token else None,
        expires_in=_seconds(document.get("expires_in")),
    )


def _words(told: Any, levels: int = _MOST_LEVELS) -> list[str]:
    """Return what a refusal says: texts, and those of the fields that are somebody's words."""
    if not levels:
        return []
    if isinstance(told, Mapping):
        told = [told.get(name) for name in _WORDED]
    if isinstance(told, list):
        return [words for each in told for words in _words(each, levels - 1)]
    return [told] if isinstance(told, str) and told else []


def _json(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        return None


def _seconds(value: Any) -> float | None:
    seconds = finite_number(value)
    return seconds if seconds is not None and seconds > 0 else None
