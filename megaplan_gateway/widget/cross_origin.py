"""CORS: only the account's own pages may send requests from a browser."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from megaplan_gateway.http.refusals import RefusedError
from megaplan_hook.settings import AccountSettings

METHODS = ("GET", "POST")
HEADERS = ("Content-Type", "X-User-Sign")
_PREFLIGHT_SECONDS = 600


def allowed_origin(settings: AccountSettings) -> str:
    """Return the only allowed origin: ``widget_origin`` if set, otherwise the account's address."""
    return settings.vendor_quirks.widget_origin or settings.base_url


def check_origin(request: Request, settings: AccountSettings) -> None:
    """Refuse requests from other sites and requests without an origin, which browsers always send.

    :raises RefusedError: 403
    """
    if request.headers.get("origin") != allowed_origin(settings):
        raise RefusedError(403, "Виджет работает только на страницах вашего Мегаплана.")


def with_cors(response: Response, settings: AccountSettings) -> Response:
    """Add the CORS headers that let the account's pages read a response."""
    response.headers["Access-Control-Allow-Origin"] = allowed_origin(settings)
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def preflight() -> Response:
    """Return the response to a preflight request."""
    headers = {
        "Access-Control-Allow-Methods": ", ".join(METHODS),
        "Access-Control-Allow-Headers": ", ".join(HEADERS),
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=headers)
