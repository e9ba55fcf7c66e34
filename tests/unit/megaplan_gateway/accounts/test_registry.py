"""The accounts served for given connections."""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from megaplan_gateway.accounts.airflow_connections import AccountSource, ConnectionSnapshot
from megaplan_gateway.service import Gateway
from megaplan_hook.settings import AccountSettings


@dataclass
class Connection:
    conn_id: str
    host: str | None
    extra: str | None = None
    port: int | None = None
    schema: str | None = None


def source(conn_id: str, host: str, **extra: Any) -> AccountSource:
    settings = AccountSettings.from_connection(Connection(conn_id, host, orjson.dumps(extra).decode()))
    return AccountSource(settings, "login", "password")


def served(*sources: AccountSource) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return the accounts with their connection ids, and the problems."""
    by_id = {one.settings.connection_id: one for one in sources}
    gateway = Gateway("", lambda: ConnectionSnapshot(tuple(by_id), by_id, {}))

    async def read() -> None:
        await gateway.accounts.reload()
        await gateway.accounts.close()

    asyncio.run(read())
    accounts = [(account.name, account.settings.connection_id) for account in gateway.accounts]
    return accounts, gateway.accounts.problems


@pytest.mark.parametrize("extra", [{"verify": "/nowhere/bundle.pem"}, {"proxies": {"https": "proxy:3128"}}])
def test_an_unusable_connection_does_not_affect_other_accounts(extra: dict[str, Any]) -> None:
    accounts, problems = served(source("bad", "mp1.megaplan.ru", **extra), source("good", "mp2.megaplan.ru"))
    assert accounts == [("mp2", "good")]
    assert "check verify and proxies" in problems["bad"]


def test_two_connections_to_the_same_account_are_served_once() -> None:
    accounts, problems = served(
        source("first", "mp1.megaplan.ru"), source("again", "https://MP1.megaplan.ru/")
    )
    assert accounts == [("mp1", "first")]
    assert "'first'" in problems["again"]
