"""The live lane's use of the account's request budget."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from psycopg import Connection

from megaplan_gateway.database import database_pool
from megaplan_gateway.vendors.live_budget import BudgetSpentError, LiveBudget
from megaplan_gateway.vendors.urgency import Urgency
from megaplan_hook.settings import AccountSettings

SETTINGS = AccountSettings(
    connection_id="megaplan_default",
    base_url="https://mp1.megaplan.ru",
    account="mp1",
    requests_per_second=2.0,
)


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
    """Make many callers with a short timeout compete, then one with a longer timeout."""
    crowd = await asyncio.gather(*(budget.acquire(0.3) for _ in range(40)), return_exceptions=True)
    await budget.acquire(1.0)
    return crowd


def test_callers_that_time_out_spend_nothing(tables: Connection[Any], database_uri: str) -> None:
    crowd = with_budget(database_uri, crowd_then_one, SETTINGS)
    assert crowd.count(None) == 1
    assert sum(isinstance(one, BudgetSpentError) for one in crowd) == 39
    assert tables.execute(
        "SELECT sum(s) FROM megaplan_sync.request_budgets, unnest(spent) AS s"
    ).fetchone() == (2,)


def test_the_same_holds_without_postgres() -> None:
    async def work() -> list[Any]:
        pool = database_pool("host=127.0.0.1 port=1", 2)
        try:
            return await crowd_then_one(LiveBudget(pool, SETTINGS))
        finally:
            await pool.close()

    assert asyncio.run(work()).count(None) == 1


def test_an_exhausted_hour_is_reported_at_once(tables: Connection[Any], database_uri: str) -> None:
    async def work(budget: LiveBudget) -> None:
        await budget.acquire(1.0)
        with pytest.raises(BudgetSpentError):
            await budget.acquire(1.0)

    with_budget(database_uri, work, SETTINGS.model_copy(update={"requests_per_hour": 1}))


def test_a_share_of_the_hour_is_kept_for_ends(tables: Connection[Any], database_uri: str) -> None:
    async def spend(budget: LiveBudget, urgency: Urgency) -> int:
        spent = 0
        while True:
            try:
                await budget.acquire(1.0, urgency)
            except BudgetSpentError:
                return spent
            spent += 1

    async def work(budget: LiveBudget) -> list[int]:
        return [await spend(budget, urgency) for urgency in (Urgency.OTHER, Urgency.CARD, Urgency.END)]

    limits = {"requests_per_hour": 40, "requests_per_second": 1000.0}
    assert with_budget(database_uri, work, SETTINGS.model_copy(update=limits)) == [38, 0, 2]


def test_an_end_overtakes_what_waits_for_its_turn(tables: Connection[Any], database_uri: str) -> None:
    async def work(budget: LiveBudget) -> list[str]:
        passed: list[str] = []

        async def send(name: str, urgency: Urgency) -> None:
            await budget.acquire(20, urgency)
            passed.append(name)

        for _ in range(3):
            await budget.acquire(20, Urgency.CARD)
        cards = [asyncio.create_task(send("card", Urgency.CARD)) for _ in range(3)]
        await asyncio.sleep(0.1)
        await asyncio.gather(send("end", Urgency.END), *cards)
        return passed

    passed = with_budget(database_uri, work, SETTINGS)
    assert passed.index("end") <= 1, "at most the request that already has its turn is before it"
    assert len(passed) == 4


@pytest.mark.parametrize("is_postgres_there", [True, False])
def test_what_somebody_waits_for_may_go_a_little_ahead_of_the_rate(
    is_postgres_there: bool, tables: Connection[Any], database_uri: str
) -> None:
    async def work(budget: LiveBudget) -> list[int]:
        passed = []
        for urgency in (Urgency.OTHER, Urgency.CARD, Urgency.END, Urgency.OTHER):
            outcomes = [await can_pass(budget, urgency) for _ in range(3)]
            passed.append(sum(outcomes))
        return passed

    slow = SETTINGS.model_copy(update={"requests_per_second": 0.1})
    uri = database_uri if is_postgres_there else "host=127.0.0.1 port=1"
    assert with_budget(uri, work, slow) == [1, 2, 0, 0]


async def can_pass(budget: LiveBudget, urgency: Urgency) -> bool:
    try:
        await budget.acquire(1.0, urgency)
    except BudgetSpentError:
        return False
    return True


def test_a_limit_stops_batch_work_and_only_its_own_kind_of_request(
    tables: Connection[Any], database_uri: str
) -> None:
    async def work(budget: LiveBudget) -> None:
        await budget.acquire(1.0, Urgency.CARD)
        await budget.back_off(None, Urgency.OTHER)
        await budget.acquire(1.0, Urgency.CARD)
        with pytest.raises(BudgetSpentError):
            await budget.acquire(0.1, Urgency.OTHER)
        await budget.acquire(10.0, Urgency.OTHER)

    with_budget(database_uri, work, SETTINGS)
    seconds = "SELECT extract(epoch FROM blocked_until - now()) > 30 FROM megaplan_sync.request_budgets"
    assert tables.execute(seconds).fetchone() == (True,)
