"""Who looks at the page: anybody, or the employee whom the address signed in."""

import hashlib
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ..account import Account
from ..data.records import Record
from ..data.store import Store
from .layout import layout

_COOKIE = "COOKIEID1"  # the name that Megaplan's own session cookie has


def people_routes(account: Account) -> list[Route]:
    """Return ``/signIn/{employee id}``, which redirects to ``?to=…``, and ``/signOut``."""

    async def sign_in(request: Request) -> Response:
        employee = account.store.find("Employee", request.path_params["employee"])
        if employee is None:
            return HTMLResponse(layout("Нет такого сотрудника", "", "", "<p>Такого сотрудника нет.</p>"), 404)
        path = request.query_params.get("to", "/")
        answer = RedirectResponse(path if path.startswith("/") and path[1:2] != "/" else "/", 303)
        answer.set_cookie(_COOKIE, _session(account.store, employee), httponly=True, samesite="lax")
        return answer

    async def sign_out(request: Request) -> Response:
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(_COOKIE)
        return answer

    return [
        Route("/signIn/{employee:int}", sign_in, methods=["GET"]),
        Route("/signOut", sign_out, methods=["GET"]),
    ]


def viewer_of(store: Store, request: Request) -> Record | None:
    """Return the signed-in employee."""
    session = request.cookies.get(_COOKIE, "")
    employee = store.find("Employee", session.partition(".")[0])
    return employee if employee is not None and session == _session(store, employee) else None


def viewer_label(viewer: Record | None) -> str:
    """Return what the page's head says about who is signed in."""
    if viewer is None:
        return ""
    return f'<span class="viewer">{escape(viewer.data["name"])} <a href="/signOut">выйти</a></span>'


def _session(store: Store, employee: Record) -> str:
    return f"{employee.id}.{hashlib.sha256(f'{store.seed}/session/{employee.id}'.encode()).hexdigest()[:32]}"
