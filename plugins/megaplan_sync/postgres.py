"""Connections to the database of the raw tables, through Airflow's connection ``megaplan_postgres``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from airflow.providers.postgres.hooks.postgres import PostgresHook
from psycopg import Connection

POSTGRES_CONN_ID = "megaplan_postgres"


@contextmanager
def raw_database(postgres_conn_id: str = POSTGRES_CONN_ID) -> Iterator[Connection[Any]]:
    """Open a session in autocommit mode and UTC; transactions are begun where they belong."""
    connection = cast(Connection[Any], PostgresHook(postgres_conn_id=postgres_conn_id).get_conn())
    with connection:
        connection.autocommit = True
        connection.execute("SET TIME ZONE 'UTC'")
        yield connection
