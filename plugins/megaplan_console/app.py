"""The application below ``/megaplan``: every endpoint, static files included, requires Airflow's login and rights."""

from pathlib import PurePath

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from megaplan_console import certificates, failures, overview, setup, telephony
from megaplan_console.access import MAY_READ
from megaplan_console.pages import Page, UnavailableError

_STATIC = PurePath(__file__).parent / "static"
_STATIC_FILES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "charts.js": "text/javascript",
    "icon-light.svg": "image/svg+xml",
    "uplot.css": "text/css",
    "uplot.js": "text/javascript",
    "uplot.LICENSE.txt": "text/plain",
}


def create_app() -> FastAPI:
    """Return the application. It has no pages of its own documentation, which would need no login."""
    app = FastAPI(
        title="Megaplan console", dependencies=MAY_READ, docs_url=None, redoc_url=None, openapi_url=None
    )
    for room in (overview, setup, failures, telephony, certificates):
        app.include_router(room.router)
    app.add_api_route("/static/{name}", _static_file, methods=["GET"])
    app.add_exception_handler(StarletteHTTPException, _refusal)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(UnavailableError, _unavailable)
    return app


def _static_file(name: str) -> FileResponse:
    if name not in _STATIC_FILES:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(_STATIC / name, media_type=_STATIC_FILES[name], headers=headers)


def _refusal(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, StarletteHTTPException) else 500
    if status == 401 and request.method == "GET" and "/static/" not in request.url.path:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(get_auth_manager().get_url_login(next_url=f"{request.url.path}{query}"), 303)
    page = Page(request)
    key = f"refusal.{status}" if status in (401, 403, 404) else "refusal.other"
    return page.render(
        "message.html", status=status, heading=page.texts(key), message=page.texts(f"{key}.remedy")
    )


def _bad_request(request: Request, error: Exception) -> Response:
    page = Page(request)
    details = error.errors() if isinstance(error, RequestValidationError) else ()
    fields = ", ".join(str(each["loc"][-1]) for each in details)
    return page.render(
        "message.html",
        status=422,
        heading=page.texts("refusal.parameter", fields=fields),
        message=page.texts("refusal.parameter.remedy"),
    )


def _unavailable(request: Request, error: Exception) -> Response:
    page = Page(request)
    return page.render("message.html", status=503, heading=page.texts("unavailable"), message=str(error))
