"""Requests of the live lane out of the account's budget."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from psycopg import Connection

from megaplan_gateway.database import database_pool
from megaplan_gateway.vendors.live_budget import BudgetSpentError, LiveBudget
from megaplan_hook.settings import AccountSettings

SETTINGS = AccountSettings("megaplan_default", "https://mp1.megaplan.ru", "mp1", requests_per_second=2.0)


def with_budget(uri: str, work: Callable[[LiveBudget], Awaitable[Any]], settings: AccountSettings) -> Any:
    async def run() -> Any:
        pool = database_pool(uri, 4)
        await pool.open()
        try:
            return await work(LiveBudget(pool, settings))
        finally:
            await pool.close()

    return asyncio.run(run())


async def crowd_then_one(budget: LiveBudget) -> list[Any]:
    """Let many ask who cannot wait, and then one who can."""
    crowd = await asyncio.gather(*(budget.acquire(0.3) for _ in range(40)), return_exceptions=True)
    await budget.acquire(1.0)
    return crowd


def test_who_cannot_wait_takes_no_turn_from_others(tables: Connection[Any], database_uri: str) -> None:
    crowd = with_budget(database_uri, crowd_then_one, SETTINGS)
    assert crowd.count(None) == 1
    assert sum(isinstance(one, BudgetSpentError) for one in crowd) == 39
    assert tables.execute(
        "SELECT sum(s) FROM megaplan_sync.request_budgets, unnest(spent) AS s"
    ).fetchone() == (2,)


def test_without_postgres_the_same_holds() -> None:
    async def work() -> list[Any]:
        pool = database_pool("host=127.0.0.1 port=1", 2)
        try:
            return await crowd_then_one(LiveBudget(pool, SETTINGS))
        finally:
            await pool.close()

    assert asyncio.run(work()).count(None) == 1


def test_a_spent_hour_is_told_at_once(tables: Connection[Any], database_uri: str) -> None:
    async def work(budget: LiveBudget) -> None:
        await budget.acquire(1.0)
        with pytest.raises(BudgetSpentError):
            await budget.acquire(1.0)

    with_budget(database_uri, work, replace(SETTINGS, requests_per_hour=1))
