"""UIS, spoken asynchronously: drives the conversation of :mod:`uis_hook`; only the I/O differs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from megaplan_gateway.metrics import Metrics
from megaplan_gateway.vendors.http_clients import http_client, what_failed
from uis_hook.conversation import Message, Received, conversation
from uis_hook.exceptions import UisError, UisTransportError
from uis_hook.jsonrpc import HEADERS, Api, Request
from uis_hook.limits import Limits
from uis_hook.retry import is_retryable
from uis_hook.session_keys import Keys
from uis_hook.settings import UisSettings

Result = TypeVar("Result")

TRIES = 2


class LiveUis:
    """One cabinet.

    What must not happen twice (``start.*``) is sent again only when UIS has surely not begun it; each such
    request gets a connection of its own, since on a kept one a lost request cannot be told from an accepted one.
    """

    def __init__(
        self, settings: UisSettings, metrics: Metrics, *, now: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.limits: dict[Api, Limits] = {}
        self._metrics = metrics
        self._now = now
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

    async def ask(self, request: Request[Result], patience: float) -> Result:
        """Send a request and return its result; once more after a failure, where that is safe.

        :param patience: seconds that all of it may take
        :raises UisError: of the class that fits; ``maybe_accepted`` says whether UIS may have begun it
        """
        until = time.monotonic() + patience
        for tries in range(1, TRIES + 1):
            try:
                result = await self._converse(request, until)
            except UisError as error:
                error.connection_id = error.connection_id or self.settings.connection_id
                self._metrics.vendor_requests.labels("uis", type(error).__name__).inc()
                told = getattr(error, "retry_after", None)
                wait = 0.2 if told is None else float(told)
                if (
                    tries == TRIES
                    or not is_retryable(error, request.repeat)
                    or time.monotonic() + wait >= until
                ):
                    raise
                await asyncio.sleep(wait)
            else:
                self._metrics.vendor_requests.labels("uis", "ok").inc()
                return result
        raise AssertionError("unreachable")  # pragma: no cover

    async def _converse(self, request: Request[Result], until: float) -> Result:
        talk = conversation(
            request,
            self._keys,
            now=self._now,
            customer_user_id=self.settings.customer_user_id,
            on_limits=self._observe,
        )
        try:
            message = next(talk)
            while True:
                try:
                    received = await self._post(message, until)
                except UisError as error:
                    message = talk.throw(error)
                else:
                    message = talk.send(received)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _observe(self, api: Api, limits: Limits) -> None:
        self.limits[api] = limits

    async def _post(self, message: Message, until: float) -> Received:
        left = until - time.monotonic()
        if left <= 0:
            raise UisTransportError(f"{message.method}: no time left to ask", maybe_accepted=False)
        started = time.perf_counter()
        url = self.settings.api_url(message.api)
        try:
            async with asyncio.timeout(left):
                if message.repeat == "when_refused":
                    async with self._client() as fresh:
                        response = await fresh.post(url, content=message.body, headers=HEADERS)
                else:
                    response = await self._http.post(url, content=message.body, headers=HEADERS)
        except httpx.HTTPError as error:
            told, maybe_accepted = what_failed(error)
            raise UisTransportError(f"{message.method}: {told}", maybe_accepted=maybe_accepted) from None
        except TimeoutError:
            raise UisTransportError(f"{message.method}: no answer in time", maybe_accepted=True) from None
        finally:
            self._metrics.vendor_seconds.labels("uis").observe(time.perf_counter() - started)
        return Received(response.status_code, response.content, _retry_after(response))

    def _client(self) -> httpx.AsyncClient:
        settings = self.settings
        return http_client(
            verify=settings.verify,
            proxies=settings.proxies,
            connect_seconds=min(settings.connect_timeout_seconds, 5.0),
            read_seconds=settings.read_timeout_seconds,
        )


def _retry_after(response: httpx.Response) -> float | None:
    try:
        seconds = float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    return max(0.0, seconds) if seconds < float("inf") else None
