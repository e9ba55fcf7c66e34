"""Connections to the database of the raw tables, through Airflow's connection ``megaplan_postgres``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import Connection, InterfaceError, OperationalError
from psycopg.errors import InsufficientPrivilege

from megaplan_sync.kernel.exceptions import (
    DatabaseRightsError,
    DatabaseUnavailableError,
    MissingConnectionError,
)
from megaplan_sync.kernel.json_text import send_json_as_it_is
from megaplan_sync.kernel.sql import read_sql

POSTGRES_CONN_ID = "megaplan_postgres"


@contextmanager
def raw_database(postgres_conn_id: str = POSTGRES_CONN_ID) -> Iterator[Connection[Any]]:
    """Open a session for the syncs, see ``prepare_session``.

    :raises MissingConnectionError: Airflow has no such connection
    :raises DatabaseUnavailableError: the database cannot be reached, or the session was lost inside the block
    :raises DatabaseRightsError: the user lacks a right that the block needs
    """
    try:
        connection = cast(Connection[Any], PostgresHook(postgres_conn_id=postgres_conn_id).get_conn())
        with connection:
            prepare_session(connection)
            yield connection
    except AirflowNotFoundException as error:
        raise MissingConnectionError(postgres_conn_id, "postgres") from error
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailableError(postgres_conn_id, error) from error
    except InsufficientPrivilege as error:
        raise DatabaseRightsError(postgres_conn_id, error) from error


def prepare_session(connection: Connection[Any]) -> None:
    """Set a session to autocommit (transactions are explicit), UTC, fresh plans and asynchronous commits.

    Statements are planned each time: a plan cached while a table was empty would always scan all of it.
    Before others are notified of changed rows, commit durably: see the statement ``commit_durably``.
    """
    connection.autocommit = True
    connection.prepare_threshold = None
    send_json_as_it_is(connection)
    connection.execute(read_sql("prepare_session"))
