"""Builds new raw tables beside the old ones and swaps them, for changes that ``ALTER TABLE`` cannot make.

Reads continue while rows are copied; writers wait. The swap briefly locks out readers. It does not wait long for its
locks, since other readers would queue behind it, but retries. User objects that depend on the tables are recreated:
grants, options, columns, indexes, triggers, views. Those that cannot be are logged and saved in
``megaplan_sync.lost_views``; they do not stop the upgrade.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection, Error
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Identifier

from megaplan_sync.kernel.exceptions import TablesInUseError
from megaplan_sync.kernel.postgres_errors import is_lost
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.table_definitions import tables_in

log = logging.getLogger(__name__)

SECONDS_TO_WAIT_FOR_READERS = 600.0
_SECONDS_BETWEEN_TRIES = 0.5


class TableReplacement:
    """A replacement of raw tables, in the caller's transaction: call ``begin``, ``build``, ``swap`` and ``restore``.

    :param replaced: new tables, without schema, by the old ones that they replace
    """

    def __init__(self, connection: Connection[Any], replaced: Mapping[str, str]) -> None:
        self._connection = connection
        self._replaced = replaced
        self._readers_wait_since = 0.0

    def begin(self) -> None:
        """Lock out writers.

        :raises TablesInUseError: the tables were being written for a minute
        """
        self._connection.execute(read_sql("begin_replacement"))
        self._connection.execute(read_sql("create_definition_functions"))
        tables = SQL(", ").join(Identifier(*name.split(".")) for name in self._replaced)
        try:
            self._connection.execute(SQL(read_sql("lock_replaced_tables")).format(tables=tables))
        except LockNotAvailable as error:
            raise TablesInUseError("written", 60) from error

    def build(self, sources: Mapping[str, str], dropped: Sequence[str]) -> None:
        """Create the new tables in a schema of their own and fill them.

        :param sources: what new tables are filled from, if not from the old one
        :param dropped: columns of the old tables that are not in the new ones
        """
        for statement in tables_in("megaplan_next"):
            self._connection.execute(statement.encode())
        for old, new in self._replaced.items():
            names = {"source": old, "target": f"megaplan_next.{new}"}
            self._connection.execute(read_sql("add_user_settings"), {**names, "dropped": list(dropped)})
            self._copy(new, {**names, "source": sources.get(new, old)})
            self._connection.execute(read_sql("add_user_indexes"), names)

    def swap(self, finish: str, *, views: Sequence[str], suffix: str) -> None:
        """Replace the old tables by the new ones.

        :param finish: a statement to execute in the same transaction
        :param views: our own views on the tables; the caller recreates them before ``restore``
        :param suffix: suffix of the schemas for old tables that cannot be dropped because user objects need them
        :raises TablesInUseError: the old tables were being read for too long
        """
        new = [f"megaplan_raw.{name}" for name in self._replaced.values()]
        values = {"sources": list(self._replaced), "targets": new, "views": list(views), "suffix": suffix}
        until = time.monotonic() + SECONDS_TO_WAIT_FOR_READERS
        while True:
            self._readers_wait_since = time.monotonic()
            try:
                with self._connection.transaction():
                    self._connection.execute(read_sql("limit_waits_for_locks"))
                    self._connection.execute(read_sql(finish))
                    self._connection.execute(read_sql("swap_tables"), values)
                return
            except LockNotAvailable as error:
                if time.monotonic() > until:
                    raise TablesInUseError("read", SECONDS_TO_WAIT_FOR_READERS) from error
            time.sleep(_SECONDS_BETWEEN_TRIES)

    def restore(self) -> None:
        """Recreate user objects, after our own views."""
        self._connection.execute(read_sql("restore_objects"))
        for kind, name, reason in self._connection.execute(read_sql("save_lost_objects")).fetchall():
            log.warning(
                "Upgrade: %s %s could not be restored: %s. Its definition is in megaplan_sync.lost_views.",
                kind, name, reason,
            )  # fmt: skip
        log.info("Upgrade: readers waited for %.2f s", time.monotonic() - self._readers_wait_since)

    def _copy(self, table: str, names: Mapping[str, str]) -> None:
        ((copied, kept),) = self._connection.execute(read_sql("copy_rows"), names).fetchall()
        log.info("Upgrade: %d rows of %s copied", copied, table)
        if kept:
            log.warning(
                "Upgrade: %d rows of %s cannot be derived from a payload; they are saved in "
                "megaplan_raw.unreadable_rows as entity %s",
                kept, table, table,
            )  # fmt: skip


def fill_materialized_views(connection: Connection[Any]) -> None:
    """Refresh recreated materialized views, after the locks on the tables are released."""
    for name, refresh in connection.execute(read_sql("select_unfilled_views")).fetchall():
        try:
            connection.execute(refresh.encode())
        except Error as error:
            if is_lost(error):
                raise
            log.warning(
                "Upgrade: materialized view %s has no rows: %s. Correct it, then execute: %s",
                name,
                error,
                refresh,
            )
        else:
            connection.execute(read_sql("forget_unfilled_view"), {"name": name})
