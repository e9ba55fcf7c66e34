"""Reads Postgres through Airflow's connection ``megaplan_postgres``: read-only, and never for long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql

CONNECT_SECONDS = 3
Row = dict[str, Any]


class ReadSession(Session):
    """A session that cannot write, and whose statements end after some seconds."""

    settings = ("set_formats", "set_console_limits")

    @classmethod
    def open(cls, address: str) -> Self:
        """Connect.

        :param address: connection string of libpq
        """
        session = super().open(make_conninfo(address, connect_timeout=CONNECT_SECONDS))
        session.read_only = True
        return session


class Database:
    """The tables as one transaction sees them.

    :param session: in a transaction
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        installed = self.row("select_installed_schemas")
        self.has_raw: bool = installed["has_raw"]
        """Whether the raw tables exist, in the version that the console reads."""
        self.has_telephony: bool = installed["has_telephony"]
        self.has_uploads: bool = installed["has_uploads"]

    def rows(self, statement: str, **parameters: Any) -> list[Row]:
        """Return the result of a named statement."""
        with self._session.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(read_sql(statement), parameters).fetchall()

    def row(self, statement: str, **parameters: Any) -> Row:
        """Return the only row of a named statement."""
        (row,) = self.rows(statement, **parameters)
        return row


@contextmanager
def open_database() -> Iterator[Database]:
    """Open the database for one page.

    :raises MissingConnectionError: Airflow has no such connection
    :raises DatabaseUnavailableError: it cannot be reached
    :raises DatabaseRightsError: its user may not read our tables
    :raises DatabaseRefusalError: it refuses a statement, such as one that takes too long
    """
    with raw_database(kind=ReadSession) as session, session.transaction():
        yield Database(session)
