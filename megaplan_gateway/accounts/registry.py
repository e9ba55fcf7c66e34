"""The registry of accounts served, reloaded from Airflow's connections while the service runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.airflow_connections import AccountSource, ConnectionSnapshot
from megaplan_gateway.metrics import Metrics
from megaplan_sync.kernel.accounts import DEFAULT_ACCOUNTS
from megaplan_sync.kernel.exceptions import AccountListError

log = logging.getLogger(__name__)

REMOVAL_GRACE_SECONDS = 30.0
"""How long a removed account keeps its clients, to close its cards and finish requests in flight."""


class AccountRegistry:
    """The accounts served, by name.

    A connection that cannot be read keeps its last state, since an outage of the secrets backend looks like a
    deleted connection. To remove an account, remove it from the Variable ``megaplan_accounts``.

    :param read: reads all connections; blocks, so it runs in a thread
    :param build: creates an account from its connections
    :param clock: monotonic time in seconds
    """

    def __init__(
        self,
        read: Callable[[], ConnectionSnapshot],
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
        self._removed: list[tuple[Account, float]] = []
        self.problems: dict[str, str] = {}
        self.revision = 0

    def get(self, name: str) -> Account | None:
        """Return the account served under a name, see ``Account.name``."""
        return self._by_name.get(name)

    def recently_removed(self, name: str) -> Account | None:
        """Return an account removed within the last ``REMOVAL_GRACE_SECONDS``."""
        return next((account for account, _ in self._removed if account.name == name), None)

    @property
    def names(self) -> list[str]:
        """Names of the accounts served, and of those recently removed."""
        return [*self._by_name, *(account.name for account, _ in self._removed)]

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._by_name.values()))

    def __len__(self) -> int:
        return len(self._by_name)

    async def reload_periodically(self, interval_seconds: float) -> None:
        """Reload the connections at an interval. Never returns."""
        while True:
            await asyncio.sleep(interval_seconds)
            await self.reload()

    async def reload(self) -> None:
        """Read all connections; accounts whose connections are unchanged are kept, including their tokens."""
        try:
            snapshot = await asyncio.to_thread(self._read)
        except AccountListError as error:
            self._report_problems({"megaplan_accounts": str(error)})
            return
        except Exception as error:  # a secrets backend may raise anything
            self._report_problems({"megaplan_accounts": f"not read ({type(error).__name__})"})
            return
        self._listed = snapshot.listed or self._listed
        problems = dict(snapshot.problems)
        found: dict[str, Account] = {}
        names: dict[str, str] = {}
        for conn_id in self._listed or DEFAULT_ACCOUNTS:
            account = self._account(conn_id, snapshot, problems)
            if account is None:
                continue
            first = names.setdefault(account.name, conn_id)
            if first != conn_id:
                problems[conn_id] = f"same account as connection {first!r}: remove one of them from the list"
            found[conn_id] = account
        before = list(self._by_conn_id.values())
        self._by_conn_id = found
        self._by_name = {name: found[conn_id] for name, conn_id in names.items()}
        self._metrics.accounts.set(len(self._by_name))
        self._report_problems(problems)
        removed = [account for account in before if account not in found.values()]
        if removed or len(found) > len(before):
            self.revision += 1
        await self._retire(removed)

    async def close(self) -> None:
        """Close the connections of all accounts."""
        for account in (*self._by_conn_id.values(), *(account for account, _ in self._removed)):
            await account.close()

    async def _retire(self, removed: Collection[Account]) -> None:
        now = self._clock()
        expired = [account for account, until in self._removed if now >= until]
        self._removed = [(account, until) for account, until in self._removed if now < until]
        self._removed += [(account, now + REMOVAL_GRACE_SECONDS) for account in removed]
        for account in expired:
            await account.close()

    def _account(self, conn_id: str, read: ConnectionSnapshot, problems: dict[str, str]) -> Account | None:
        known, source = self._by_conn_id.get(conn_id), read.sources.get(conn_id)
        if source is None or (known is not None and known.source == source):
            return known
        try:
            account = self._build(source)
        except Exception as error:
            # a missing CA bundle or a proxy without scheme must not affect the other accounts
            problems[conn_id] = (
                f"cannot create a client ({type(error).__name__}): check verify and proxies in Extra"
            )
            return known
        log.info("account loaded", extra={"account": account.name, "connection": conn_id})
        return account

    def _report_problems(self, problems: dict[str, str]) -> None:
        for conn_id, reason in problems.items():
            if self.problems.get(conn_id) != reason:
                log.error("connection not read", extra={"connection": conn_id, "reason": reason})
        self.problems = problems
        self._metrics.account_problems.set(len(problems))
