"""The longest query that an account's web server accepts: found once, and known to all later runs."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.sql import read_sql


@contextmanager
def remembered_query_length(hook: MegaplanHook, connection: Connection[Any]) -> Iterator[None]:
    """Tell the hook what earlier runs have found, and save at the end of the block what it has found."""
    account = {"account": hook.account}
    row = connection.execute(read_sql("select_query_length"), account).fetchone()
    known = None if row is None else int(row[0])
    hook.longest_query = known
    try:
        yield
    finally:
        if hook.longest_query not in (None, known):
            with suppress(psycopg.Error):  # if the database is lost, another error is already being raised
                values = {**account, "characters": hook.longest_query}
                connection.execute(read_sql("save_query_length"), values)
