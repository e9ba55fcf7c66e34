"""Database sessions without state: each transaction begins with its own settings.

Defaults of the server, the database, the role or the environment have no effect, and nothing stays behind: a pooler
such as PgBouncer in transaction mode may give each transaction another session of the server.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar, Self

from psycopg import (
    AsyncClientCursor,
    AsyncConnection,
    AsyncCursor,
    AsyncTransaction,
    ClientCursor,
    Connection,
    Cursor,
    IsolationLevel,
    Transaction,
)
from psycopg.pq import TransactionStatus

from megaplan_sync.kernel.json_text import send_json_as_it_is
from megaplan_sync.kernel.sql import read_sql

CONNECT_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "prepare_threshold": None,
    "client_encoding": "UTF8",
}
"""Statements are planned each time: a plan made while a table was empty would scan all of it."""


_AS_ALWAYS = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE"
"""Begins a transaction that psycopg does not begin: defaults of the server have no effect on it either."""


class Session(Connection[Any]):
    """A session of batch work; its commits do not wait for the disk. Before notifying others, ``commit_durably``."""

    settings: ClassVar[tuple[str, ...]] = ("set_formats", "set_batch_limits")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = _SessionCursor
        self.at_begin: list[Callable[[], object]] = []
        """Called in each transaction, at its beginning."""

    @classmethod
    def open(cls, address: str) -> Self:
        """Connect.

        :param address: connection string of libpq
        """
        session = cls.connect(address, **CONNECT_OPTIONS)
        session.isolation_level = IsolationLevel.READ_COMMITTED
        session.read_only = session.deferrable = False
        send_json_as_it_is(session)
        return session

    def execute_at_once(self, statement: str, values: dict[str, Any]) -> Cursor[Any]:
        """Execute one statement in a transaction of its own like ``execute``, in one round trip instead of four.

        psycopg writes the values into the statement: for small ones. ``at_begin`` is not called.
        """
        cursor = ClientCursor(self)
        with_settings = ";\n".join((_AS_ALWAYS, _settings(self.settings), statement))
        cursor.execute(with_settings, values)
        while cursor.nextset():
            pass
        return cursor

    @contextmanager
    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Iterator[Transaction]:
        """Begin a transaction with the settings; a savepoint if there is one already."""
        begins = _is_idle(self)
        with super().transaction(savepoint_name, force_rollback) as transaction:
            if begins:
                self.execute(_settings(self.settings))
                for call in self.at_begin:
                    call()
            yield transaction


class DurableSession(Session):
    """A session of batch work whose commits are on disk before others are told of them."""

    settings = (*Session.settings, "commit_durably")


class _SessionCursor(Cursor[Any]):
    """Executes a single statement in a transaction of its own."""

    def execute(self, *args: Any, **kwargs: Any) -> Self:
        if not _is_idle(self.connection):
            return super().execute(*args, **kwargs)
        with self.connection.transaction():
            return super().execute(*args, **kwargs)


class LiveSession(AsyncConnection[Any]):
    """A session of a service: durable commits, and no statement may keep a client waiting for long."""

    settings: ClassVar[tuple[str, ...]] = ("set_formats", "set_live_limits")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = _LiveCursor

    async def prepare(self) -> None:
        """Call this once after connecting with ``CONNECT_OPTIONS``."""
        await self.set_isolation_level(IsolationLevel.READ_COMMITTED)
        await self.set_read_only(False)
        await self.set_deferrable(False)

    @asynccontextmanager
    async def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncIterator[AsyncTransaction]:
        """Begin a transaction with the settings; a savepoint if there is one already."""
        begins = _is_idle(self)
        async with super().transaction(savepoint_name, force_rollback) as transaction:
            if begins:
                await self.execute(_settings(self.settings))
            yield transaction

    async def execute_at_once(self, values: Mapping[str, Any], *statements: str) -> list[list[Any]]:
        """Execute statements in a transaction of their own in one round trip; return the rows of each.

        A transaction with one statement takes four round trips, and twice the processor time. psycopg writes the
        values into the text, which Postgres logs if it fails: only for values that are few and not personal.
        """
        cursor = AsyncClientCursor(self)
        await cursor.execute(";\n".join((_AS_ALWAYS, _settings(self.settings), *statements)), values)
        await cursor.set_result(-len(statements))
        found = [await _rows(cursor)]
        while cursor.nextset():
            found.append(await _rows(cursor))
        return found


class _LiveCursor(AsyncCursor[Any]):
    """Executes a single statement in a transaction of its own."""

    async def execute(self, *args: Any, **kwargs: Any) -> Self:
        if not _is_idle(self.connection):
            return await super().execute(*args, **kwargs)
        async with self.connection.transaction():
            return await super().execute(*args, **kwargs)


async def _rows(cursor: AsyncClientCursor[Any]) -> list[Any]:
    return await cursor.fetchall() if cursor.description else []


def _is_idle(connection: Connection[Any] | AsyncConnection[Any]) -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE


def _settings(names: tuple[str, ...]) -> str:
    return ";\n".join(map(read_sql, names))
