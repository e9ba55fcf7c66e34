"""Connections to the database of the raw tables, through Airflow's connection ``megaplan_postgres``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import Connection, InterfaceError, OperationalError
from psycopg.errors import InsufficientPrivilege

from megaplan_sync.exceptions import DatabaseRightsError, DatabaseUnavailableError, MissingConnectionError

POSTGRES_CONN_ID = "megaplan_postgres"


@contextmanager
def raw_database(postgres_conn_id: str = POSTGRES_CONN_ID) -> Iterator[Connection[Any]]:
    """Open a session in autocommit mode and UTC; transactions are begun where they belong.

    :raises MissingConnectionError: Airflow has no such connection
    :raises DatabaseUnavailableError: no session can be had, or it was lost inside of the block
    :raises DatabaseRightsError: the user may not do what the block does
    """
    try:
        connection = cast(Connection[Any], PostgresHook(postgres_conn_id=postgres_conn_id).get_conn())
        with connection:
            connection.autocommit = True
            connection.execute("SET TIME ZONE 'UTC'")
            yield connection
    except AirflowNotFoundException as error:
        raise MissingConnectionError(postgres_conn_id, "postgres") from error
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailableError(postgres_conn_id, error) from error
    except InsufficientPrivilege as error:
        raise DatabaseRightsError(postgres_conn_id, error) from error
