"""Puts the widget into Megaplan, and a newer one in its place, through ``/integration/{uuid}/widgets``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_gateway.service import Gateway
from megaplan_gateway.vendors.live_budget import BudgetSpentError
from megaplan_gateway.widget.script import NAMES, widget_content
from megaplan_hook.envelope import entity_or_not_found
from megaplan_hook.exceptions import MegaplanError, MegaplanNotFoundError
from megaplan_hook.query import path_id

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
AGAIN_SECONDS = 3600.0
_PATIENCE = 15.0
_MARK = "airflow-provider-megaplan"


class WidgetInstaller:
    """Keeps every account's widgets as this gateway knows them; a person's other widgets are left alone.

    Ours are known by placeholder, and by name or the mark in their code. What fails (the application's rights, say)
    is tried again in an hour, or when the connection changes.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._settled: dict[str, tuple[object, float]] = {}

    async def run(self) -> None:
        """Look after all accounts, for ever."""
        while True:
            for account in self._gateway.accounts:
                await self._look_after(account)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look_after(self, account: Account) -> None:
        settings, now = account.settings, asyncio.get_running_loop().time()
        if account.uis is None or not (settings.application_uuid and settings.gateway_url):
            return
        if widget_key(settings.webhook_secret) is None:
            return
        known, again_at = self._settled.get(account.name, (None, 0.0))
        if known == settings and now < again_at:
            return
        again_at = float("inf")
        if not settings.gateway_url.startswith("https://"):
            log.warning(
                "gateway_url is not https: browsers forbid it to pages that are",
                extra={"account": account.name},
            )
        try:
            written = await bring_up_to_date(account)
            log.info("widget looked after", extra={"account": account.name, "written": written})
        except (MegaplanError, BudgetSpentError) as error:
            again_at = now + AGAIN_SECONDS
            remedy = "check application_uuid, and that the connection's user is an administrator of Megaplan"
            extra = {"account": account.name, "reason": type(error).__name__, "remedy": remedy}
            log.warning("widget not installed", extra=extra)
        self._settled[account.name] = (settings, again_at)


async def bring_up_to_date(account: Account) -> int:
    """Write the widgets that are missing or differ, and return how many those were.

    :raises MegaplanError: Megaplan refuses, or cannot be reached
    """
    path = f"/integration/{path_id(account.settings.application_uuid)}/widgets"
    present = await _present(account, path)
    written = 0
    for placeholder, name in NAMES.items():
        own = _own(present, placeholder, name)
        content = widget_content(account.settings, placeholder)
        if own is not None and own.get("content") == content:
            continue
        body: dict[str, object] = {
            "contentType": "IntegrationWidget",
            "placeholder": placeholder,
            "name": name,
            "content": content,
        }
        if own is not None:
            body |= {name: own[name] for name in ("id", "uuid") if own.get(name)}
        else:
            body["isEnabled"] = True
        await account.megaplan.request("POST", path, body=body, patience=_PATIENCE)
        written += 1
    return written


async def _present(account: Account, path: str) -> list[Any]:
    """Return the application's widgets: by its uuid, else by its id, which is how the reading route is documented."""
    try:
        answer = await account.megaplan.request("GET", path, patience=_PATIENCE)
    except MegaplanNotFoundError:
        card = await account.megaplan.request("GET", path.removesuffix("/widgets"), patience=_PATIENCE)
        application = entity_or_not_found(card, path)
        by_id = f"/integration/{path_id(application['id'])}/widgets"
        answer = await account.megaplan.request("GET", by_id, patience=_PATIENCE)
    return answer.data if isinstance(answer.data, list) else []


def _own(present: list[Any], placeholder: str, name: str) -> Mapping[str, Any] | None:
    for widget in present:
        if not isinstance(widget, Mapping) or widget.get("placeholder") != placeholder:
            continue
        if widget.get("name") == name or _MARK in str(widget.get("content")):
            return widget
    return None
