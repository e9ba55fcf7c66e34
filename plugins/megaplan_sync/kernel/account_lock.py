"""One writer per account: an advisory lock of Postgres, which ends with its holder, even a killed one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.exceptions import AccountBusyError
from megaplan_sync.kernel.sql import read_sql

SECONDS_TO_WAIT_FOR_ANOTHER_RUN = 60.0


def take_account_lock(connection: Connection[Any], account: str) -> None:
    """Take the account's lock until the session ends.

    :raises AccountBusyError: another run is writing this account
    """
    until = time.monotonic() + SECONDS_TO_WAIT_FOR_ANOTHER_RUN
    while not _execute(connection, "lock_account", account):
        if time.monotonic() > until:
            raise AccountBusyError(account, SECONDS_TO_WAIT_FOR_ANOTHER_RUN)
        time.sleep(0.2)


@contextmanager
def account_lock(connection: Connection[Any], account: str) -> Iterator[None]:
    """Hold the account's lock inside the block, for short writes between long reads.

    :raises AccountBusyError: another run is writing this account
    """
    take_account_lock(connection, account)
    try:
        yield
    finally:
        if not connection.closed:
            _execute(connection, "unlock_account", account)


def _execute(connection: Connection[Any], statement: str, account: str) -> bool:
    row = connection.execute(read_sql(statement), {"account": account}).fetchone()
    return bool(row and row[0])
