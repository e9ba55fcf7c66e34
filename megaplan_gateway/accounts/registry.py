"""The accounts that are served: read from Airflow's connections, and read anew while the service runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.airflow_connections import AccountSource, Reading
from megaplan_gateway.metrics import Metrics
from megaplan_sync.kernel.accounts import DEFAULT_ACCOUNTS
from megaplan_sync.kernel.exceptions import AccountListError

log = logging.getLogger(__name__)

LEAVING_SECONDS = 30.0
"""For so long an account that is served no more may close its cards, and requests that are under way may end."""


class Accounts:
    """The accounts by name.

    What cannot be read keeps its last state: a secrets backend that is away for a minute looks like a deleted
    connection. To take an account off, remove it from the Variable ``megaplan_accounts``.

    :param read: reads all connections; blocks, so it runs in a thread
    :param build: makes an account of what was read
    :param clock: seconds that only grow
    """

    def __init__(
        self,
        read: Callable[[], Reading],
        build: Callable[[AccountSource], Account],
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._build = build
        self._metrics = metrics
        self._clock = clock
        self._listed: tuple[str, ...] | None = None
        self._by_conn_id: dict[str, Account] = {}
        self._by_name: dict[str, Account] = {}
        self._leaving: list[tuple[Account, float]] = []
        self.problems: dict[str, str] = {}
        self.times_changed = 0

    def get(self, name: str) -> Account | None:
        """Return an account by the label before ``.megaplan.ru``."""
        return self._by_name.get(name)

    def leaving(self, name: str) -> Account | None:
        """Return an account that was served until moments ago."""
        return next((account for account, _ in self._leaving if account.name == name), None)

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
        problems = dict(reading.problems)
        found: dict[str, Account] = {}
        names: dict[str, str] = {}
        for conn_id in self._listed or DEFAULT_ACCOUNTS:
            account = self._account(conn_id, reading, problems)
            if account is None:
                continue
            first = names.setdefault(account.name, conn_id)
            if first != conn_id:
                problems[conn_id] = f"it is the same account as connection {first!r}: leave out one of them"
            found[conn_id] = account
        before = list(self._by_conn_id.values())
        self._by_conn_id = found
        self._by_name = {name: found[conn_id] for name, conn_id in names.items()}
        self._metrics.accounts.set(len(self._by_name))
        self._tell(problems)
        gone = [account for account in before if account not in found.values()]
        if gone or len(found) > len(before):
            self.times_changed += 1
        await self._let_go(gone)

    async def close(self) -> None:
        """Close all accounts' connections."""
        for account in (*self._by_conn_id.values(), *(account for account, _ in self._leaving)):
            await account.close()

    async def _let_go(self, gone: Collection[Account]) -> None:
        now = self._clock()
        over = [account for account, until in self._leaving if now >= until]
        self._leaving = [(account, until) for account, until in self._leaving if now < until]
        self._leaving += [(account, now + LEAVING_SECONDS) for account in gone]
        for account in over:
            await account.close()

    def _account(self, conn_id: str, reading: Reading, problems: dict[str, str]) -> Account | None:
        known, source = self._by_conn_id.get(conn_id), reading.sources.get(conn_id)
        if source is None or (known is not None and known.source == source):
            return known
        try:
            account = self._build(source)
        except Exception as error:
            # a CA bundle that is not there, a proxy without scheme: one account's trouble
            problems[conn_id] = (
                f"no client can be made of it ({type(error).__name__}): check verify and proxies of its Extra"
            )
            return known
        log.info("account read", extra={"account": account.name, "connection": conn_id})
        return account

    def _tell(self, problems: dict[str, str]) -> None:
        for conn_id, told in problems.items():
            if self.problems.get(conn_id) != told:
                log.error("connection not read", extra={"connection": conn_id, "reason": told})
        self.problems = problems
        self._metrics.account_problems.set(len(problems))
