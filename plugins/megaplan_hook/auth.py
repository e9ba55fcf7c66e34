"""The ``requests`` auth of Megaplan: gets a token, renews it, and replays a request once after a 401."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from airflow.sdk.log import mask_secret
from requests.auth import AuthBase

from megaplan_hook.exceptions import MegaplanAuthError
from megaplan_hook.token_grant import (
    RefusedGrantError,
    Token,
    password_grant,
    refresh_grant,
    refused_login,
    refuses_token,
    renew_after_seconds,
)
from megaplan_vendor_kit.masked_logs import mask_logs

FetchToken = Callable[[Mapping[str, str]], Token]


def is_unauthorized(response: requests.Response) -> bool:
    """Tell whether the token was refused."""
    return refuses_token(response.status_code, response.content)


def _on_response(request: requests.PreparedRequest, function: Callable[..., requests.Response]) -> None:
    untyped_request: Any = request
    untyped_request.register_hook("response", function)


_MOST_TOLD = 50
"""Tokens of a process of which Airflow is told as well: it masks what is printed and returned, too. For each further
one it compiles one expression of all, which for hundreds of accounts takes longer than reading them."""
_told = 0


def _mask(token: Token) -> None:
    global _told
    mask_logs()
    for secret in (token.access_token, token.refresh_token):
        if secret and _told < _MOST_TOLD:
            _told += 1
            mask_secret(secret)


class MegaplanAuth(AuthBase):
    """Login and password become a token, kept in memory only. Safe for threads.

    A token is fetched when the first request needs one. It is renewed shortly before the end that Megaplan
    announced and whenever Megaplan refuses it: by its refresh token, which rotates, or else by the password.
    A refused request is replayed once with the new token; a second refusal raises. Refused credentials are not
    sent again: Megaplan might lock the user out.

    :param connection_id: for messages.
    :param login: e-mail of a Megaplan user, whose rights the token has.
    :param password: its password.
    :param fetch_token: sends a grant and returns the tokens; its retries and its budget are its own affair.
    :param clock: seconds that only grow.
    """

    def __init__(
        self,
        connection_id: str,
        login: str,
        password: str,
        fetch_token: FetchToken,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection_id = connection_id
        self._login = login
        self._password = password
        self._fetch_token = fetch_token
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._refusal: MegaplanAuthError | None = None
        mask_secret(password)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request and look at its answer."""
        request.headers["Authorization"] = f"Bearer {self.access_token()}"
        _on_response(request, self._replay_if_refused)
        return request

    def access_token(self) -> str:
        """Return a token that is valid as far as known, fetching or renewing it when needed."""
        with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                self._token = self._new_token(self._token)
            return self._token.access_token

    def replace(self, refused: str) -> str:
        """Return a token other than the refused one, which another thread may have replaced already."""
        with self._lock:
            if self._token is None or self._token.access_token == refused:
                self._token = self._new_token(self._token)
            return self._token.access_token

    def _new_token(self, old: Token | None) -> Token:
        if self._refusal is not None:
            raise self._refusal
        token: Token | None = None
        if old is not None and old.refresh_token:
            try:
                token = self._fetch_token(refresh_grant(old.refresh_token))
            except RefusedGrantError:
                token = None
        if token is None:
            grant = password_grant(self._login, self._password)
            try:
                token = self._fetch_token(grant)
            except RefusedGrantError as refusal:
                self._refusal = refused_login(self._connection_id, refusal, grant)
                raise self._refusal from None
        _mask(token)
        self._renew_at = self._clock() + renew_after_seconds(token)
        return token

    def _replay_if_refused(self, response: requests.Response, **kwargs: Any) -> requests.Response:
        if not is_unauthorized(response):
            return response
        refused = str(response.request.headers.get("Authorization", "")).removeprefix("Bearer ")
        # as requests' own digest auth does: the connection must be free again before it is used once more
        response.close()
        replay = response.request.copy()
        replay.headers["Authorization"] = f"Bearer {self.replace(refused)}"
        connection: Any = response.connection
        second: requests.Response = connection.send(replay, **kwargs)
        if is_unauthorized(second):
            raise MegaplanAuthError(
                f"Megaplan refuses even a new token of connection {self._connection_id!r}: "
                f"check in Megaplan that the user of Login (e-mail) may log in"
            )
        second.history.append(response)
        second.request = replay
        return second


class ApplicationAuth(AuthBase):
    """An application's API token, sent as it is; nothing can renew it.

    :param connection_id: for messages.
    :param application_token: from the application's page in Megaplan's settings.
    :param user_id: employee on whose behalf requests are made (header X-User-Id), None for none.
    """

    def __init__(self, connection_id: str, application_token: str, user_id: str | None = None) -> None:
        self._connection_id = connection_id
        self._application_token = application_token
        self._user_id = user_id
        mask_secret(application_token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request and look at its answer."""
        request.headers["Authorization"] = f"Bearer {self._application_token}"
        if self._user_id is not None:
            request.headers["X-User-Id"] = self._user_id
        _on_response(request, self._raise_if_refused)
        return request

    def _raise_if_refused(self, response: requests.Response, **kwargs: Any) -> requests.Response:
        if is_unauthorized(response):
            raise MegaplanAuthError(
                f"Megaplan refuses the application token of connection {self._connection_id!r}: "
                f"check the field application_token"
            )
        return response
