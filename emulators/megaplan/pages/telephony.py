"""Telephony on the web page of a signed-in employee: cards of calls, and the application's widgets.

The vendor does not document how Megaplan runs a widget, nor how a widget learns who looks at it and beside which
number it stands; what is known is that the address of a widget's frame gets ``accountId``, ``applicationUuid``,
``applicationToken`` and ``userSign``. The knobs ``widget_runs``, ``widget_content`` and ``widget_phone_key`` say
how it is done here.
"""

from html import escape
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..account import Account
from ..data.popups import client_phone, clients_by_phone, contractor_of
from ..data.records import Record
from ..data.store import Store
from ..routes.integration import user_sign
from ..writing.widgets import PHONE_NUMBER, TELEPHONY_WIDGET, widgets_of
from .people import viewer_of

_SHOWN = ("uuid", "placeholder", "name", "content")
_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def telephony_routes(account: Account) -> list[Route]:
    """Return the routes that the page's script and the widgets' frames ask."""
    page = _Telephony(account)
    return [
        Route("/telephony/cards", page.cards, methods=["GET"]),
        Route("/telephony/page.js", page.script, methods=["GET"]),
        Route("/telephony/frame/{uuid}", page.frame, methods=["GET"]),
    ]


def phone_with_widgets(phone: str) -> str:
    """Return a number with the place for widgets beside it."""
    shown = escape(phone)
    return f'{shown}<span data-placeholder="{PHONE_NUMBER}" data-phone="{shown}"></span>'


def telephony_panel(store: Store, viewer: Record, host: str) -> str:
    """Return the telephony widget of an employee, and what the page's script needs."""
    settings = orjson.dumps(_settings(store, viewer, host)).decode().replace("<", "\\u003c")
    return (
        '<aside id="telephony" aria-label="Телефония"><h2>Телефония</h2>'
        f'<div id="cards"></div><div data-placeholder="{TELEPHONY_WIDGET}"></div></aside>'
        f'<script type="application/json" id="telephony-settings">{settings}</script>'
        '<script src="/telephony/page.js"></script>'
    )


def _settings(store: Store, viewer: Record, host: str) -> dict[str, Any]:
    knobs = store.knobs
    return {
        "runs": knobs.widget_runs,
        "content": knobs.widget_content,
        "phoneKey": knobs.widget_phone_key,
        "widgets": [
            {**{name: row.data[name] for name in _SHOWN}, "given": _given(store, application, viewer, host)}
            for application in store.tables["Integration"]
            if application.data.get("isEnabled", True)
            for row in widgets_of(application)
            if row.data["isEnabled"]
        ],
    }


def _given(store: Store, application: Record, viewer: Record, host: str) -> dict[str, str]:
    uuid: str = application.data["uuid"]
    return {
        "accountId": host,
        "applicationUuid": uuid,
        "applicationToken": application.data["apiToken"],
        "userSign": user_sign(store, str(viewer.id), uuid),
    }


class _Telephony:
    """Handlers of the telephony on the page."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def script(self, request: Request) -> Response:
        """Answer with the page's script."""
        return PlainTextResponse(_SCRIPT, media_type="text/javascript")

    async def cards(self, request: Request) -> Response:
        """List the calls on the signed-in employee's screen."""
        store = self._account.store
        viewer = viewer_of(store, request)
        calls = [] if viewer is None else store.popups.on_screen_of(store, str(viewer.id))
        return Response(orjson.dumps([_card(store, call) for call in calls]), media_type="application/json")

    async def frame(self, request: Request) -> Response:
        """Answer with the document of a widget's own frame."""
        store = self._account.store
        rows = store.tables["IntegrationWidget"]
        widget = next((row for row in rows if row.data["uuid"] == request.path_params["uuid"]), None)
        if widget is None:
            return HTMLResponse("", 404)
        content = widget.data["content"]
        if store.knobs.widget_content == "script":
            content = f"<script>{content}</script>"
        head = '<!DOCTYPE html><html lang="ru"><head><meta charset="utf-8"><title>widget</title></head>'
        return HTMLResponse(f'{head}<body style="margin:0">{content}</body></html>')


def _card(store: Store, call: Record) -> dict[str, Any]:
    found = clients_by_phone(store, call)
    client = contractor_of(call) or next(iter(found), None)
    return {
        "id": str(call.id),
        "type": call.data["type"],
        "state": call.data["state"],
        "phone": client_phone(call) or "",
        "client": None if client is None else client.data.get("name") or "Без имени",
    }
