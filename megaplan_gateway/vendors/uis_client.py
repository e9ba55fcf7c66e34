"""Asynchronous UIS client: the I/O for the sans-I/O conversation of :mod:`uis_hook`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from megaplan_gateway.metrics import Metrics
from megaplan_gateway.vendors.http_clients import TRANSPORT_ERRORS, describe_failure, http_client
from megaplan_vendor_kit.responses import retry_after_seconds
from megaplan_vendor_kit.retry import is_retryable
from uis_hook.conversation import Message, Received, conversation
from uis_hook.exceptions import UisError, UisTransportError
from uis_hook.jsonrpc import HEADERS, Api, Request
from uis_hook.limits import Limits
from uis_hook.session_keys import Keys
from uis_hook.settings import UisSettings

Result = TypeVar("Result")

MAX_ATTEMPTS = 2
SHORTEST_WAIT_SECONDS = 0.2


class AsyncUisClient:
    """Client of one UIS account.

    Requests that must not be carried out twice (``start.*``) are retried only if UIS certainly has not accepted
    them. Each of them opens a new connection: on a reused one a lost request looks like an accepted one.

    :param transport: replaces the network, for tests
    """

    def __init__(
        self,
        settings: UisSettings,
        metrics: Metrics,
        *,
        now: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self.limits: dict[Api, Limits] = {}
        self._metrics = metrics
        self._now = now
        self._transport = transport
        self._keys = Keys(
            settings.access_token,
            settings.login,
            settings.password,
            settings.vendor_quirks.session_key_seconds,
        )
        self._http = self._client()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, request: Request[Result], timeout: float) -> Result:
        """Send a request and return its result, retrying once where that is safe.

        :param timeout: seconds for all attempts together
        :raises UisError: if the request failed; ``maybe_accepted`` tells whether UIS may have carried it out
        """
        deadline = time.monotonic() + timeout
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                result = await self._converse(request, deadline)
            except UisError as error:
                error.connection_id = error.connection_id or self.settings.connection_id
                self._metrics.vendor_requests.labels("uis", type(error).__name__).inc()
                retry_after = getattr(error, "retry_after", None)
                wait = max(SHORTEST_WAIT_SECONDS, retry_after or 0.0)
                if (
                    attempt == MAX_ATTEMPTS
                    or not is_retryable(error, may_come_twice=request.may_come_twice)
                    or time.monotonic() + wait >= deadline
                ):
                    raise
                await asyncio.sleep(wait)
            else:
                self._metrics.vendor_requests.labels("uis", "ok").inc()
                return result
        raise AssertionError("unreachable")  # pragma: no cover

    async def _converse(self, request: Request[Result], deadline: float) -> Result:
        steps = conversation(
            request,
            self._keys,
            now=self._now,
            customer_user_id=self.settings.customer_user_id,
            on_limits=self._observe,
        )
        try:
            message = next(steps)
            while True:
                try:
                    received = await self._post(message, deadline)
                except UisError as error:
                    message = steps.throw(error)
                else:
                    message = steps.send(received)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _observe(self, api: Api, limits: Limits) -> None:
        self.limits[api] = limits

    async def _post(self, message: Message, deadline: float) -> Received:
        left = deadline - time.monotonic()
        if left <= 0:
            raise UisTransportError(f"{message.method}: timed out before it was sent", maybe_accepted=False)
        started = time.perf_counter()
        url = self.settings.api_url(message.api)
        try:
            async with asyncio.timeout(left):
                if not message.may_come_twice:
                    async with self._client() as fresh:
                        response = await fresh.post(url, content=message.body, headers=HEADERS)
                else:
                    response = await self._http.post(url, content=message.body, headers=HEADERS)
        except TRANSPORT_ERRORS as error:
            reason, maybe_accepted = describe_failure(error)
            raise UisTransportError(f"{message.method}: {reason}", maybe_accepted=maybe_accepted) from None
        except TimeoutError:
            raise UisTransportError(f"{message.method}: no response in time", maybe_accepted=True) from None
        finally:
            self._metrics.vendor_seconds.labels("uis").observe(time.perf_counter() - started)
        return Received(response.status_code, response.content, retry_after_seconds(response.headers))

    def _client(self) -> httpx.AsyncClient:
        settings = self.settings
        if self._transport is not None:
            return httpx.AsyncClient(transport=self._transport)
        return http_client(
            verify=settings.verify,
            proxies=settings.proxies,
            connect_seconds=min(settings.connect_timeout_seconds, 5.0),
            read_seconds=settings.read_timeout_seconds,
        )
