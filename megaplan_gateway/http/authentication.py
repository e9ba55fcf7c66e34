"""Who may pass: every route lies below ``/{account}/{secret}``, and all refusals look and last alike."""

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
from megaplan_gateway.http.request_body import Incoming, read_whole
from megaplan_gateway.service import Gateway

Side = Literal["megaplan", "uis", "widget"]
_NOBODYS_SECRET = hashlib.sha256(b"no account has this").digest()


Handler = Callable[[Incoming], Awaitable[Response]]


def guarded_route(
    gateway: Gateway, path: str, side: Side, handler: Handler, methods: tuple[str, ...] = ("POST",)
) -> Route:
    """Return a route below ``/{account}/{secret}``.

    Checked in this order: secret, method, rate, size and time of the body. Before the secret is right, nothing of
    the body is read, and nothing tells an unknown account from a wrong secret.

    :param path: such as ``/uis``
    :param side: whose ``webhook_secret`` stands in the path: of the Megaplan or of the UIS connection; for the
        widget what :func:`megaplan_gateway.accounts.widget_key.widget_key` makes of Megaplan's
    """
    name = path.strip("/").replace("/", "_")

    async def endpoint(request: Request) -> Response:
        started = perf_counter()
        response = await _answer(gateway, request, side, name, methods, handler)
        gateway.metrics.requests.labels(name, str(response.status_code)).inc()
        gateway.metrics.request_seconds.labels(name).observe(perf_counter() - started)
        return response

    # every method comes here, so that 405 does not tell of a path before its secret was checked
    return Route(f"/{{account}}/{{secret}}{path}", endpoint, methods=_ANY, name=name)


_ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def _answer(
    gateway: Gateway,
    request: Request,
    side: Side,
    name: str,
    methods: tuple[str, ...],
    handler: Handler,
) -> Response:
    try:
        account = admitted(gateway, request, side)
        if request.method not in methods:
            raise RefusedError(405, f"This address takes {' and '.join(methods)} only.", closes=True)
        if not gateway.rate_limit.takes((account.name, name)):
            raise RefusedError(429, "Too many requests for this account.", retry_after=1, closes=True)
        body = await read_whole(request, gateway.options)
        return await handler(Incoming(account, request, body))
    except RefusedError as refused:
        return refused.response()


def admitted(gateway: Gateway, request: Request, side: Side) -> Account:
    """Return the account of a path whose secret is right.

    :raises RefusedError: 404, the same for an unknown account, a wrong secret and a side without a secret
    """
    account = gateway.accounts.get(request.path_params["account"])
    expected = None if account is None else secret_of(account, side)
    known = _NOBODYS_SECRET if expected is None else _digest(expected)
    # digests: equally long whatever was sent, so that not even the length of a secret shows in the time
    fits = hmac.compare_digest(_digest(request.path_params["secret"]), known)
    if not fits or account is None or expected is None:
        raise not_found()
    return account


def secret_of(account: Account, side: Side) -> str | None:
    """Return the secret in the paths of a side; None: nobody may pass."""
    if side == "widget":
        return widget_key(account.settings.webhook_secret)
    settings = account.settings if side == "megaplan" else account.uis_settings
    return (settings.webhook_secret or None) if settings is not None else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
