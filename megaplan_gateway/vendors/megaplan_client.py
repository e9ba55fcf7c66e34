"""Asynchronous Megaplan client; bodies, errors and tokens are those of :mod:`megaplan_hook`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from megaplan_gateway.metrics import Metrics
from megaplan_gateway.vendors.http_clients import TRANSPORT_ERRORS, describe_failure, http_client
from megaplan_gateway.vendors.live_budget import (
    BudgetSpentError,
    IsObsolete,
    LiveBudget,
    ObsoleteError,
    never,
)
from megaplan_gateway.vendors.login_backoff import LoginBackoff
from megaplan_gateway.vendors.urgency import Urgency
from megaplan_hook.envelope import Answer, entity, entity_or_not_found, parse_answer
from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanError,
    MegaplanRateLimitError,
    MegaplanSettingError,
    MegaplanTransportError,
)
from megaplan_hook.query import API_PREFIX, encode_arguments, path_id
from megaplan_hook.settings import AccountSettings
from megaplan_hook.token_grant import (
    TOKEN_PATH,
    RefusedGrantError,
    Token,
    encoded_grant,
    parse_token_answer,
    password_grant,
    refresh_grant,
    refused_login,
    refuses_token,
    renew_after_seconds,
)
from megaplan_vendor_kit.responses import retry_after_seconds

BeforeSending = Callable[[], Awaitable[None]]
"""Called after the wait for the budget, right before a request is sent; if it raises an error, nothing is sent."""


async def nothing() -> None:
    """Do nothing before a request is sent."""


class AsyncMegaplanClient:
    """Client of one Megaplan account.

    Requests are not retried, since a late pop-up is useless. The one exception is a rejected token, which proves that
    the request was not carried out. Timeouts are in seconds and include the wait for the budget.

    :param budget: spent by every request, including token requests
    """

    def __init__(
        self,
        settings: AccountSettings,
        login: str,
        password: str,
        budget: LiveBudget,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._login = login
        self._password = password
        self._budget = budget
        self._metrics = metrics
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._logins = LoginBackoff(clock)
        self._http = http_client(
            verify=settings.verify,
            proxies=settings.proxies,
            connect_seconds=min(settings.connect_timeout_seconds, 5.0),
            read_seconds=settings.read_timeout_seconds,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        timeout: float,
        arguments: Mapping[str, Any] | None = None,
        body: object | None = None,
        is_obsolete: IsObsolete = never,
        before_sending: BeforeSending = nothing,
        urgency: Urgency = Urgency.OTHER,
    ) -> Answer:
        """Send a request and return the parsed answer.

        :param path: route below ``/api/v3``
        :raises BudgetSpentError: if the budget allows no request before the timeout; nothing was sent
        :raises ObsoleteError: if the request became obsolete; nothing was sent
        :raises MegaplanError: if the request failed; after a MegaplanTransportError or MegaplanServerError its
            outcome is unknown
        """
        deadline = self._clock() + timeout
        token = await self._access_token(deadline, urgency)
        sent = (method, path, arguments, body, deadline, is_obsolete, before_sending, urgency)
        status, content, retry_after = await self._send(token, *sent)
        if refuses_token(status, content):
            token = await self._access_token(deadline, urgency, refused=token)
            status, content, retry_after = await self._send(token, *sent)
            if refuses_token(status, content):
                refusal = MegaplanAuthError(
                    f"Megaplan rejects even a new token of connection {self.settings.connection_id!r}"
                )
                self._token = None
                self._logins.failed(refusal, is_token=True)
                raise refusal
        self._logins.succeeded()
        if status != 429:
            self._budget.accepted(urgency)
        try:
            answer = parse_answer(status, content, path)
            answer.raise_for_status(path, retry_after)
        except MegaplanRateLimitError as error:
            await self._budget.back_off(error.retry_after, urgency)
            self._count(error)
            raise
        except MegaplanError as error:
            self._count(error)
            raise
        self._metrics.vendor_requests.labels("megaplan", "ok").inc()
        return answer

    # -- resources, named as in megaplan_hook.call_delivery

    async def create_call_info(
        self,
        call: Mapping[str, Any],
        timeout: float,
        is_obsolete: IsObsolete = never,
        before_sending: BeforeSending = nothing,
        urgency: Urgency = Urgency.CARD,
    ) -> dict[str, Any]:
        """Create a call object; Megaplan shows its pop-up to the employee."""
        path = "/callInfo"
        body = {"contentType": "CallInfo", **call}
        answer = await self.request(
            "POST",
            path,
            body=body,
            timeout=timeout,
            is_obsolete=is_obsolete,
            before_sending=before_sending,
            urgency=urgency,
        )
        return entity(answer, path)

    async def update_call_info(
        self,
        call_info_id: str,
        changes: Mapping[str, Any],
        timeout: float,
        is_obsolete: IsObsolete = never,
    ) -> dict[str, Any]:
        """Update a call object and its pop-up."""
        path = f"/callInfo/{path_id(call_info_id)}"
        # without the id in the body Megaplan may create a second object, as it does with todos (seen live)
        body = {"contentType": "CallInfo", **changes, "id": call_info_id}
        answer = await self.request(
            "POST", path, body=body, timeout=timeout, is_obsolete=is_obsolete, urgency=Urgency.END
        )
        return entity(answer, path)

    async def update_call_info_by_provider(
        self,
        provider_id: str,
        changes: Mapping[str, Any],
        timeout: float,
        is_obsolete: IsObsolete = never,
    ) -> dict[str, Any]:
        """Update a call object by its ``providerId``; if several have it, the latest.

        :raises MegaplanNotFoundError: if no call has this id
        """
        path = "/callInfo/provider"
        body = {"contentType": "CallInfo", **changes, "providerId": provider_id}
        answer = await self.request(
            "POST", path, body=body, timeout=timeout, is_obsolete=is_obsolete, urgency=Urgency.END
        )
        return entity_or_not_found(answer, path)

    async def call_route(self, phone: str, timeout: float) -> dict[str, Any]:
        """Return who is responsible for a phone number: ``CallRoute {type, timeout, employees, users}``."""
        path = "/callRoute"
        answer = await self.request(
            "GET", path, arguments={"phone": phone}, timeout=timeout, urgency=Urgency.END
        )
        if not isinstance(answer.data, dict):
            raise MegaplanTransportError(f"{path}: 'data' is not an object", answer.status)
        return answer.data

    # -- transport

    async def _send(
        self,
        token: str,
        method: str,
        path: str,
        arguments: Mapping[str, Any] | None,
        body: object | None,
        deadline: float,
        is_obsolete: IsObsolete,
        before_sending: BeforeSending,
        urgency: Urgency,
    ) -> tuple[int, bytes, float | None]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        quirks = self.settings.vendor_quirks
        if quirks.x_time_zone is not None:
            headers["X-Time-Zone"] = str(quirks.x_time_zone)
        if not self._login and quirks.x_user_id is not None:
            headers["X-User-Id"] = quirks.x_user_id
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = orjson.dumps(body)
        query = encode_arguments(arguments or {})
        url = f"{self.settings.base_url}{API_PREFIX}{path}" + (f"?{query}" if query else "")
        return await self._exchange(
            method,
            url,
            path,
            deadline,
            is_obsolete,
            before_sending,
            urgency,
            headers=headers,
            content=content,
        )

    async def _exchange(
        self,
        method: str,
        url: str,
        path: str,
        deadline: float,
        is_obsolete: IsObsolete,
        before_sending: BeforeSending,
        urgency: Urgency,
        **sent: Any,
    ) -> tuple[int, bytes, float | None]:
        await self._budget.acquire(deadline - self._clock(), urgency, is_obsolete)
        if await is_obsolete():
            raise ObsoleteError
        await before_sending()
        if self._clock() >= deadline:  # the process was paused
            raise BudgetSpentError
        started = time.perf_counter()
        try:
            async with asyncio.timeout(max(0.01, deadline - self._clock())):
                response = await self._http.request(method, url, **sent)
        except TRANSPORT_ERRORS as error:
            reason, _ = describe_failure(error)
            raise self._count(MegaplanTransportError(f"{path}: {reason}")) from None
        except TimeoutError:
            raise self._count(MegaplanTransportError(f"{path}: no response in time")) from None
        finally:
            self._metrics.vendor_seconds.labels("megaplan").observe(time.perf_counter() - started)
        return response.status_code, response.content, retry_after_seconds(response.headers)

    def _count(self, error: MegaplanError) -> MegaplanError:
        self._metrics.vendor_requests.labels("megaplan", type(error).__name__).inc()
        return error

    # -- tokens, in memory only

    async def _access_token(self, deadline: float, urgency: Urgency, refused: str | None = None) -> str:
        if not self._login:
            return self._application_token(refused)
        async with self._lock:
            token = self._token
            if token is None or token.access_token == refused or self._clock() >= self._renew_at:
                token = await self._new_token(token, deadline, urgency)
                self._token = token
                self._renew_at = self._clock() + renew_after_seconds(token)
            return token.access_token

    def _application_token(self, refused: str | None) -> str:
        conn_id, token = self.settings.connection_id, self.settings.application_token
        if token is None:
            raise MegaplanSettingError(
                conn_id, "login", "it is empty", "fill in Login and Password, or application_token"
            )
        self._logins.check()
        if refused is not None:
            refusal = MegaplanAuthError(
                f"Megaplan rejects the application token of connection {conn_id!r}: "
                f"check the field application_token"
            )
            self._logins.failed(refusal)
            raise refusal
        return token

    async def _new_token(self, old: Token | None, deadline: float, urgency: Urgency) -> Token:
        if old is not None and old.refresh_token:
            try:
                return await self._fetch_token(refresh_grant(old.refresh_token), deadline, urgency)
            except RefusedGrantError:
                pass
        self._logins.check()
        grant = password_grant(self._login, self._password)
        try:
            return await self._fetch_token(grant, deadline, urgency)
        except RefusedGrantError as refusal:
            refused = refused_login(self.settings.connection_id, refusal, grant)
            self._logins.failed(refused)
            raise refused from None
        except MegaplanError as failure:
            self._logins.failed(failure)
            raise

    async def _fetch_token(self, grant: Mapping[str, str], deadline: float, urgency: Urgency) -> Token:
        url = f"{self.settings.base_url}{API_PREFIX}{TOKEN_PATH}"
        body = encoded_grant(grant, self.settings.vendor_quirks.token_body)
        status, content, wait = await self._exchange(
            "POST", url, TOKEN_PATH, deadline, never, nothing, urgency, **body
        )
        return parse_token_answer(status, content, wait)
