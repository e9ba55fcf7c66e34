"""Authentication by the secret in the path: every route lies below ``/{account}/{secret}``.

All refusals have the same response and take the same time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_gateway.http.refusals import RefusedError, not_found
from megaplan_gateway.http.request_body import Incoming, read_body
from megaplan_gateway.service import Gateway

Side = Literal["megaplan", "uis", "widget"]
Handler = Callable[[Incoming], Awaitable[Response]]

_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_UNKNOWN_SECRET = hashlib.sha256(b"no account has this").digest()


def authenticated_route(
    gateway: Gateway,
    path: str,
    side: Side,
    handler: Handler,
    methods: tuple[str, ...] = ("POST",),
    *,
    keeps_beginning: bool = False,
) -> Route:
    """Return a route below ``/{account}/{secret}``.

    The checks run in this order: secret, method, rate limit, size and time of the body. Until the secret is verified,
    the body is not read, and an unknown account gets the same response as a wrong secret.

    :param path: for example ``/uis``
    :param side: whose ``webhook_secret`` is in the path: that of the Megaplan or the UIS connection; for the widget
        the key derived by :func:`megaplan_gateway.accounts.widget_key.widget_key`
    :param keeps_beginning: the handler takes the beginning of a body that is too large
    """
    name = path.strip("/").replace("/", "_")

    async def endpoint(request: Request) -> Response:
        started = perf_counter()
        response = await _respond(gateway, request, side, name, methods, handler, keeps_beginning)
        gateway.metrics.requests.labels(name, str(response.status_code)).inc()
        gateway.metrics.request_seconds.labels(name).observe(perf_counter() - started)
        return response

    # accepts all methods, so that a 405 does not reveal a path before its secret is verified
    return Route(f"/{{account}}/{{secret}}{path}", endpoint, methods=_ALL_METHODS, name=name)


async def _respond(
    gateway: Gateway,
    request: Request,
    side: Side,
    name: str,
    methods: tuple[str, ...],
    handler: Handler,
    keeps_beginning: bool,
) -> Response:
    try:
        account = authenticate(gateway, request, side)
        if request.method not in methods:
            # megaplan_doctor recognises the gateway by this message
            raise RefusedError(405, f"This address takes {' and '.join(methods)} only.", closes=True)
        if not gateway.rate_limit.try_acquire((account.name, name)):
            raise RefusedError(429, "Too many requests for this account.", retry_after=1, closes=True)
        body = await read_body(request, gateway.options, keeps_beginning=keeps_beginning)
        return await handler(Incoming(account, request, body))
    except RefusedError as refused:
        return refused.response()


def authenticate(gateway: Gateway, request: Request, side: Side) -> Account:
    """Return the account of a request after verifying the secret in its path.

    :raises RefusedError: 404, alike for an unknown account, a wrong secret and a side without a secret
    """
    account = gateway.accounts.get(request.path_params["account"])
    expected = None if account is None else secret_of(account, side)
    expected_digest = _UNKNOWN_SECRET if expected is None else _digest(expected)
    # comparing digests of equal length hides even the length of the secret from timing attacks
    matches = hmac.compare_digest(_digest(request.path_params["secret"]), expected_digest)
    if not matches or account is None or expected is None:
        raise not_found()
    return account


def secret_of(account: Account, side: Side) -> str | None:
    """Return the secret expected in the paths of a side; None if the side accepts no requests."""
    if side == "widget":
        return widget_key(account.settings.webhook_secret, account.settings.widget_key_number)
    settings = account.settings if side == "megaplan" else account.uis_settings
    return (settings.webhook_secret or None) if settings is not None else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
