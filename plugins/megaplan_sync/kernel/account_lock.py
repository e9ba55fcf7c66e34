"""One writer per account at a time, by a lock that ends with the transaction, also of a killed run or in a pooler."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.errors import LockNotAvailable

from megaplan_sync.kernel.exceptions import AccountBusyError
from megaplan_sync.kernel.sql import read_sql

SECONDS_TO_WAIT_FOR_ANOTHER_RUN = 60.0


@contextmanager
def account_transaction(connection: Connection[Any], account: str) -> Iterator[None]:
    """Begin a transaction in which no other run writes the account's rows.

    Keep it short: all runs of the account take turns, page by page.

    :raises AccountBusyError: another run does not end its transaction
    """
    with connection.transaction():
        values = {"account": account, "timeout": f"{SECONDS_TO_WAIT_FOR_ANOTHER_RUN * 1000:.0f}ms"}
        try:
            connection.execute(read_sql("lock_account"), values)
        except LockNotAvailable as error:
            raise AccountBusyError(account, SECONDS_TO_WAIT_FOR_ANOTHER_RUN) from error
        yield
