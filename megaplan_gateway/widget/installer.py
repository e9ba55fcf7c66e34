"""Installs and updates the widget in Megaplan through ``/integration/{uuid}/widgets``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from psycopg import Error
from psycopg_pool import PoolTimeout

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_gateway.database import WAIT_SECONDS
from megaplan_gateway.service import Gateway
from megaplan_gateway.vendors.live_budget import BudgetSpentError
from megaplan_gateway.widget.script import NAMES, widget_content
from megaplan_hook.envelope import entity_or_not_found
from megaplan_hook.exceptions import MegaplanError, MegaplanNotFoundError, MegaplanValidationError
from megaplan_hook.query import path_id
from megaplan_hook.unpaged_list import UnpagedList
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
RETRY_SECONDS = 3600.0
_TIMEOUT = 15.0
_LEASE_SECONDS = 120.0
_MARK = "airflow-provider-megaplan"


class WidgetInstaller:
    """Keeps the widgets of all accounts up to date, and leaves other widgets alone.

    Our widgets are recognised by placeholder, and by name or the mark in their code. A failed installation, for
    example for lack of rights, is retried after an hour or when the connection changes.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._installed: dict[str, tuple[object, float]] = {}

    async def run(self) -> None:
        """Install and update the widgets of all accounts. Never returns."""
        while True:
            for account in self._gateway.accounts:
                await self._install_if_due(account)
            await asyncio.sleep(POLL_SECONDS)

    async def _install_if_due(self, account: Account) -> None:
        settings, now = account.settings, asyncio.get_running_loop().time()
        if account.uis is None or not (settings.application_uuid and settings.gateway_url):
            return
        if widget_key(settings.webhook_secret, settings.widget_key_number) is None:
            return
        known, retry_at = self._installed.get(account.name, (None, 0.0))
        if known == settings and now < retry_at:
            return
        retry_at = float("inf")
        if not settings.gateway_url.startswith("https://"):
            log.warning(
                "gateway_url is not https: browsers block requests to it from https pages",
                extra={"account": account.name},
            )
        try:
            async with self._leased(account) as is_ours:
                if not is_ours:  # another gateway is installing them; afterwards there is nothing left to do
                    return
                written = await install_widgets(account)
            log.info("widget up to date", extra={"account": account.name, "written": written})
        except (MegaplanError, BudgetSpentError) as error:
            retry_at = now + RETRY_SECONDS
            remedy = "check application_uuid, and that the connection's user is an administrator of Megaplan"
            extra = {"account": account.name, "reason": type(error).__name__, "remedy": remedy}
            log.warning("widget not installed", extra=extra)
        except (Error, PoolTimeout, OSError) as error:
            retry_at = now
            reason = type(error).__name__
            log.warning("widget not installed", extra={"account": account.name, "reason": reason})
        except Exception:
            # an unexpected error in one account must not affect the others
            retry_at = now + RETRY_SECONDS
            log.exception("widget not installed", extra={"account": account.name})
        self._installed[account.name] = (settings, retry_at)

    @asynccontextmanager
    async def _leased(self, account: Account) -> AsyncIterator[bool]:
        """Hold a lease inside the block: of two gateways that find no widget, both would create one."""
        gateway = self._gateway.lease.gateway
        lease = {"account": account.name, "work": "widgets", "run_id": gateway, "token": gateway}
        async with self._gateway.pool.connection(timeout=WAIT_SECONDS) as connection:
            taken = await connection.execute(read_sql("take_lease"), {**lease, "seconds": _LEASE_SECONDS})
            is_ours = await taken.fetchone() is not None
        try:
            yield is_ours
        finally:
            if is_ours:
                async with self._gateway.pool.connection(timeout=WAIT_SECONDS) as connection:
                    await connection.execute(read_sql("release_lease"), lease)


async def install_widgets(account: Account) -> int:
    """Create or update the widgets that are missing or differ, and return their number.

    :raises MegaplanError: if a request fails
    """
    path = f"/integration/{path_id(account.settings.application_uuid)}/widgets"
    existing = await _existing_widgets(account, path)
    written = 0
    for placeholder, name in NAMES.items():
        own = _find_own(existing, placeholder, name)
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
        await account.megaplan.request("POST", path, body=body, timeout=_TIMEOUT)
        written += 1
    return written


async def _existing_widgets(account: Account, path: str) -> list[Any]:
    """Return the application's widgets by its uuid, or by its id as the vendor documents the route."""
    try:
        return await _whole_list(account, path)
    except MegaplanNotFoundError:
        card = await account.megaplan.request("GET", path.removesuffix("/widgets"), timeout=_TIMEOUT)
        application = entity_or_not_found(card, path)
        return await _whole_list(account, f"/integration/{path_id(application['id'])}/widgets")


async def _whole_list(account: Account, path: str) -> list[Any]:
    reading = UnpagedList(path)
    while (asked := reading.next_arguments()) is not None:
        try:
            answer = await account.megaplan.request("GET", path, arguments=asked, timeout=_TIMEOUT)
        except (MegaplanNotFoundError, MegaplanValidationError) as refusal:
            reading.refuse(refusal)
            continue
        if not answer.data:  # null or an empty object: there are none
            break
        reading.accept(answer)
    return reading.rows


def _find_own(existing: list[Any], placeholder: str, name: str) -> Mapping[str, Any] | None:
    for widget in existing:
        if not isinstance(widget, Mapping) or widget.get("placeholder") != placeholder:
            continue
        if widget.get("name") == name or _MARK in str(widget.get("content")):
            return widget
    return None
