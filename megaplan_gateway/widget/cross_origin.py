"""Which page may speak to the gateway from a browser: the account's own, and no other."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from megaplan_gateway.http.refusals import RefusedError
from megaplan_hook.settings import AccountSettings

METHODS = ("GET", "POST")
HEADERS = ("Content-Type", "X-User-Sign")
_PREFLIGHT_SECONDS = 600


def allowed_origin(settings: AccountSettings) -> str:
    """Return the one origin whose scripts may ask: the account's address, or what ``widget_origin`` says."""
    return settings.vendor_quirks.widget_origin or settings.base_url


def check_origin(request: Request, settings: AccountSettings) -> None:
    """Refuse pages of other sites, and what says nothing of where it comes from: browsers always do.

    :raises RefusedError: 403
    """
    if request.headers.get("origin") != allowed_origin(settings):
        raise RefusedError(403, "Виджет работает только на страницах своего Мегаплана.")


def with_cors(response: Response, settings: AccountSettings) -> Response:
    """Let the account's own pages read an answer."""
    response.headers["Access-Control-Allow-Origin"] = allowed_origin(settings)
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def preflight() -> Response:
    """Answer a browser that asks whether it may ask."""
    headers = {
        "Access-Control-Allow-Methods": ", ".join(METHODS),
        "Access-Control-Allow-Headers": ", ".join(HEADERS),
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=headers)
