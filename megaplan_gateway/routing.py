"""``/{account}/{secret}/route``: answers UIS's question whom to ring, always in time.

The answer comes from the raw tables, otherwise from Megaplan, otherwise from the connection's fallback numbers, which
are kept in memory. A failure only degrades the answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from cachetools import TTLCache
from psycopg import Error
from psycopg.errors import UndefinedTable
from psycopg_pool import PoolTimeout
from starlette.responses import Response

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.database import Pool, in_time
from megaplan_gateway.http.refusals import RefusedError, json_response
from megaplan_gateway.http.request_body import Incoming
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import Options
from megaplan_gateway.vendors.live_budget import BudgetSpentError
from megaplan_hook.exceptions import MegaplanError
from megaplan_sync.kernel.phones import phone_e164
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.live.routes import (
    Telephone,
    answer,
    fallback_phones,
    phones_of,
    read_route_request,
    responsible_employees,
)

log = logging.getLogger(__name__)

UNKNOWN_SECONDS = 60.0
"""How long a number for which Megaplan knows nobody is not asked about again: each question costs a request, and a
caller who meets an engaged line tries again."""
MOST_UNKNOWN = 10_000
Telephones = dict[str, dict[int, Telephone]]
FRESH_SECONDS = 2.0
"""An unknown employee does not trigger another read of the telephones if the last one is this recent."""


class Routing:
    """Answers UIS's interactive requests. ``keep_telephones_current`` must be running."""

    def __init__(self, pool: Pool, options: Options, metrics: Metrics) -> None:
        self._pool = pool
        self._options = options
        self._metrics = metrics
        self._telephones: Telephones = {}
        self._read_at = float("-inf")
        self._unknown: TTLCache[tuple[str, str], bool] = TTLCache(MOST_UNKNOWN, UNKNOWN_SECONDS)

    async def receive(self, incoming: Incoming) -> Response:
        """Answer a routing request.

        :raises RefusedError: 400 if it is malformed; UIS then takes the scenario's branch for failed requests
        """
        started = time.monotonic()
        request = read_route_request(incoming.body, incoming.content_type, incoming.query)
        if request.broken is not None:
            raise RefusedError(400, f"Not an interactive request: {request.broken}.")
        account = incoming.account
        phones, source = await self._phones(account, request.caller, started + self._options.route_seconds)
        if not phones:
            region = account.settings.vendor_quirks.default_phone_region
            fallback = fallback_phones(account.settings.route_fallback, region)
            phones, source = [phone for phone in fallback.values() if phone is not None], "fallback"
        self._metrics.routes.labels(source).inc()
        log.info(
            "call routed",
            extra={
                "account": account.name,
                "call": request.call_session_id,
                "source": source,
                "phones": len(phones),
            },
        )
        return json_response(answer(phones))

    async def keep_telephones_current(self) -> None:
        """Keep the employees' telephones in memory, for when Postgres is down. Never returns."""
        while True:
            try:
                await self._read_telephones()
            except UndefinedTable:
                pass  # the DAGs have not created the tables yet
            except (Error, PoolTimeout, OSError) as error:
                log.warning("telephones not read", extra={"reason": type(error).__name__})
            await asyncio.sleep(self._options.reload_seconds)

    async def _phones(self, account: Account, caller: str | None, until: float) -> tuple[list[str], str]:
        region = account.settings.vendor_quirks.default_phone_region
        number = phone_e164(caller, region) if caller is not None else None
        if number is None:
            return [], "fallback"
        try:
            employees = await self._employees_from_index(account, number)
            if phones := await self._numbers(account, employees):
                return phones, "index"
            employees = await self._employees_from_megaplan(account, number, until)
            if phones := await self._numbers(account, employees):
                return phones, "megaplan"
        except Exception:
            # a caller is waiting, and the fallback numbers are available whatever went wrong
            log.exception("routing failed", extra={"account": account.name})
        return [], "fallback"

    async def _employees_from_index(self, account: Account, number: str) -> list[int]:
        parameters = {"account": account.name, "phone": number}
        try:
            return await in_time(self._options.route_index_seconds, self._query_index(parameters))
        except UndefinedTable:  # telephony without deals
            return []
        except (Error, PoolTimeout, OSError, TimeoutError) as error:
            log.warning("index not read", extra={"account": account.name, "reason": type(error).__name__})
            return []

    async def _query_index(self, parameters: dict[str, str]) -> list[int]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(read_sql("find_route"), parameters)).fetchall()
        return [employee for (employee,) in rows]

    async def _employees_from_megaplan(self, account: Account, number: str, until: float) -> list[int]:
        timeout = until - time.monotonic()
        if timeout <= 0 or (account.name, number) in self._unknown:
            return []
        try:
            async with asyncio.timeout(timeout):
                route = await account.megaplan.call_route(number.removeprefix("+"), timeout)
        except (MegaplanError, BudgetSpentError, TimeoutError) as error:
            # a refusal may only mean that the number is unknown: Megaplan's answer in that case is not documented
            log.info("no megaplan route", extra={"account": account.name, "reason": type(error).__name__})
            return []
        employees = responsible_employees(route)
        if not employees:
            self._unknown[account.name, number] = True
        return employees

    async def _numbers(self, account: Account, employees: list[int]) -> list[str]:
        known = self._telephones.get(account.name, {})
        is_outdated = time.monotonic() - self._read_at > FRESH_SECONDS
        if is_outdated and any(employee not in known for employee in employees):
            with suppress(Error, PoolTimeout, OSError, TimeoutError):
                await in_time(self._options.route_index_seconds, self._read_telephones())
            known = self._telephones.get(account.name, {})
        uis = account.uis_settings
        which = uis.vendor_quirks.route_phones if uis is not None else "active"
        return phones_of((known[employee] for employee in employees if employee in known), which)

    async def _read_telephones(self) -> None:
        async with self._pool.connection(timeout=2) as connection:
            rows = await (await connection.execute(read_sql("select_telephones"))).fetchall()
        found: Telephones = {}
        for account, employee_id, internal_number, lines in rows:
            found.setdefault(account, {})[employee_id] = Telephone(internal_number, tuple(lines))
        self._telephones, self._read_at = found, time.monotonic()
