"""The database of the raw tables, which Airflow's connection ``megaplan_postgres`` leads to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import Error
from psycopg.conninfo import make_conninfo

from megaplan_sync.kernel.absent_connection import absent_connection
from megaplan_sync.kernel.postgres_errors import POSTGRES_CONN_ID, explained
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.shared_session import SharedSession, shared_session

__all__ = ["POSTGRES_CONN_ID", "postgres_address", "raw_database", "shared_raw_database"]


@contextmanager
def raw_database(
    postgres_conn_id: str = POSTGRES_CONN_ID, kind: type[Session] = Session
) -> Iterator[Session]:
    """Open a session.

    :param kind: ``DurableSession`` for work with effects that Postgres must not forget
    :raises MissingConnectionError: Airflow has no such connection
    :raises AirflowUnavailableError: Airflow's API server cannot be asked
    :raises DatabaseUnavailableError: the database cannot be reached, or the session was lost inside the block
    :raises DatabaseRightsError: the user lacks a right that the block needs
    :raises DatabaseRefusalError: the database refuses something in the block
    """
    try:
        address = postgres_address(BaseHook.get_connection(postgres_conn_id))
        with kind.open(address) as session:
            yield session
    except AirflowNotFoundException as error:
        raise absent_connection(postgres_conn_id, "postgres") from error
    except Error as error:
        explanation = explained(error, postgres_conn_id)
        if explanation is error:
            raise
        raise explanation from error


@contextmanager
def shared_raw_database(postgres_conn_id: str = POSTGRES_CONN_ID) -> Iterator[SharedSession]:
    """Share a session with the other threads of this process; the block is inside that of ``raw_database``."""
    with shared_session(postgres_address(BaseHook.get_connection(postgres_conn_id))) as session:
        yield session


def postgres_address(connection: Any) -> str:
    """Return libpq's connection string for an Airflow connection, with the same fields as ``PostgresHook``."""
    extra = connection.extra_dejson
    login, password, port = connection.login, connection.password, connection.port
    if extra.get("iam"):
        login, password, port = PostgresHook(connection.conn_id).get_iam_token(connection)
    parameters: dict[str, Any] = {
        "host": connection.host,
        "user": login,
        "password": password,
        "dbname": connection.schema,
        "port": port,
    }
    parameters |= {name: extra[name] for name in extra if name not in PostgresHook.ignored_extra_options}
    return make_conninfo(**{name: value for name, value in parameters.items() if value not in (None, "")})
