"""The database of the raw tables, which Airflow's connection ``megaplan_postgres`` leads to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import InterfaceError, OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege

from megaplan_sync.kernel.exceptions import (
    DatabaseRightsError,
    DatabaseUnavailableError,
    MissingConnectionError,
)
from megaplan_sync.kernel.session import Session

POSTGRES_CONN_ID = "megaplan_postgres"


@contextmanager
def raw_database(
    postgres_conn_id: str = POSTGRES_CONN_ID, kind: type[Session] = Session
) -> Iterator[Session]:
    """Open a session.

    :param kind: ``DurableSession`` for work with effects that Postgres must not forget
    :raises MissingConnectionError: Airflow has no such connection
    :raises DatabaseUnavailableError: the database cannot be reached, or the session was lost inside the block
    :raises DatabaseRightsError: the user lacks a right that the block needs
    """
    try:
        address = postgres_address(BaseHook.get_connection(postgres_conn_id))
        with kind.open(address) as session:
            yield session
    except AirflowNotFoundException as error:
        raise MissingConnectionError(postgres_conn_id, "postgres") from error
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailableError(postgres_conn_id, error) from error
    except InsufficientPrivilege as error:
        raise DatabaseRightsError(postgres_conn_id, error) from error


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
