"""The ASGI application. Add new routes to ``account_routes``."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from megaplan_gateway.http.authentication import authenticated_route
from megaplan_gateway.http.health import health_routes
from megaplan_gateway.http.refusals import RefusedError, not_found
from megaplan_gateway.inbox.notifications import Notifications
from megaplan_gateway.inbox.webhooks import Webhooks
from megaplan_gateway.service import Gateway
from megaplan_gateway.widget.routes import WidgetRoutes

log = logging.getLogger(__name__)


def build_app(gateway: Gateway) -> Starlette:
    """Return the ASGI application; its lifespan runs the gateway."""
    widget = WidgetRoutes(gateway)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with gateway.running():
            widget.start()
            yield

    app = Starlette(
        routes=[*health_routes(gateway), *account_routes(gateway), *widget.routes()],
        lifespan=lifespan,
        exception_handlers={404: _not_found, 405: _not_found, 500: _server_error},
    )
    app.router.redirect_slashes = False
    return app


def account_routes(gateway: Gateway) -> list[Route]:
    """Return the routes below ``/{account}/{secret}``."""
    notifications = Notifications(gateway)
    webhooks = Webhooks(gateway)
    return [
        authenticated_route(gateway, "/uis", "uis", notifications.receive, ("GET", "POST")),
        authenticated_route(gateway, "/megaplan", "megaplan", webhooks.receive, keeps_beginning=True),
        authenticated_route(gateway, "/route", "uis", gateway.routing.receive, ("GET", "POST")),
    ]


async def _not_found(request: Request, error: Exception) -> Response:
    return not_found().response()


async def _server_error(request: Request, error: Exception) -> Response:
    log.error("request failed", exc_info=error)
    return RefusedError(500, "Internal error; see the gateway's log.").response()
