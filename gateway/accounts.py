"""The accounts that are served: read from Airflow's connections, and read anew while the service runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

from gateway.account import Account
from gateway.airflow_connections import AccountSource, Reading
from gateway.metrics import Metrics
from megaplan_sync.accounts import DEFAULT_ACCOUNTS
from megaplan_sync.exceptions import AccountListError

log = logging.getLogger(__name__)


class Accounts:
    """The accounts by name.

    What cannot be read keeps its last state: a secrets backend that is away for a minute looks like a deleted
    connection. To take an account off, remove it from the Variable ``megaplan_accounts``.

    :param read: reads all connections; blocks, so it runs in a thread
    :param build: makes an account of what was read
    """

    def __init__(
        self, read: Callable[[], Reading], build: Callable[[AccountSource], Account], metrics: Metrics
    ) -> None:
        self._read = read
        self._build = build
        self._metrics = metrics
        self._listed: tuple[str, ...] | None = None
        self._by_conn_id: dict[str, Account] = {}
        self._by_name: dict[str, Account] = {}
        self._leaving: list[Account] = []
        self.problems: dict[str, str] = {}

    def get(self, name: str) -> Account | None:
        """Return an account by the label before ``.megaplan.ru``."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._by_name.values()))

    def __len__(self) -> int:
        return len(self._by_name)

    async def keep_up(self, every_seconds: float) -> None:
        """Read the connections again and again, for ever."""
        while True:
            await asyncio.sleep(every_seconds)
            await self.reload()

    async def reload(self) -> None:
        """Read all connections; accounts whose connection says the same stay as they are, tokens included."""
        try:
            reading = await asyncio.to_thread(self._read)
        except AccountListError as error:
            self._tell({"megaplan_accounts": str(error)})
            return
        except Exception as error:  # a secrets backend may raise anything
            self._tell({"megaplan_accounts": f"not read ({type(error).__name__})"})
            return
        self._listed = reading.listed or self._listed
        found = {
            conn_id: account
            for conn_id in self._listed or DEFAULT_ACCOUNTS
            if (account := self._account(conn_id, reading)) is not None
        }
        gone = [account for account in self._by_conn_id.values() if account not in found.values()]
        self._by_conn_id = found
        self._by_name = {account.name: account for account in found.values()}
        self._metrics.accounts.set(len(self._by_name))
        self._tell(reading.problems)
        # requests may be under way on what has just been replaced: it is closed at the next reading
        leaving, self._leaving = self._leaving, gone
        for account in leaving:
            await account.close()

    async def close(self) -> None:
        """Close all accounts' connections."""
        for account in (*self, *self._leaving):
            await account.close()

    def _account(self, conn_id: str, reading: Reading) -> Account | None:
        known, source = self._by_conn_id.get(conn_id), reading.sources.get(conn_id)
        if source is None or (known is not None and known.source == source):
            return known
        log.info("account read", extra={"account": source.settings.account, "connection": conn_id})
        return self._build(source)

    def _tell(self, problems: dict[str, str]) -> None:
        for conn_id, told in problems.items():
            if self.problems.get(conn_id) != told:
                log.error("connection not read", extra={"connection": conn_id, "reason": told})
        self.problems = problems
        self._metrics.account_problems.set(len(problems))
