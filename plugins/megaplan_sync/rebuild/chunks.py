"""Processes a table in chunks, each in one transaction under the account's lock."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.sql import SQL, Composable
from psycopg.types.json import Jsonb

from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.rebuild.outcome import RebuildOutcome, TableCounts

Key = TypeVar("Key")


class Chunks:
    """The chunks of one entity of one account in one run.

    The counts are saved with each chunk, so that a retry can announce what a killed try has changed.
    """

    def __init__(self, connection: Connection[Any], outcome: RebuildOutcome, run_id: str) -> None:
        self.connection = connection
        self.account = outcome.account
        self._outcome = outcome
        self._run_id = run_id

    def counts(self, table: str) -> TableCounts:
        """Return the counts of a table, to be updated."""
        return self._outcome.counts(table)

    def for_each_chunk(self, first: Key, step: Callable[[Key], Key | None]) -> None:
        """Call ``step`` with the last key of the chunk before, until it returns None.

        :raises AccountBusyError: another run does not end its transaction
        """
        after: Key | None = first
        while after is not None:
            with account_transaction(self.connection, self.account):
                after = step(after)
                self.save()

    def save(self) -> None:
        """Save the counts, in the caller's transaction."""
        self.execute(
            "save_rebuild",
            run_id=self._run_id,
            entity=self._outcome.entity,
            outcome=Jsonb(self._outcome.as_dict()),
        )

    def execute(
        self, statement: str, names: Mapping[str, Composable] | None = None, /, **values: Any
    ) -> list[Any]:
        """Execute a statement for this account.

        :param names: placeholders of a statement that serves several tables
        """
        text = read_sql(statement)
        query = SQL(text).format(**names) if names else SQL(text)
        cursor = self.connection.execute(query, {"account": self.account, **values})
        return cursor.fetchall() if cursor.description else []
