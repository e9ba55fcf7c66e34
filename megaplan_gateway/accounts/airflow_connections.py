"""Reads the same connections as the DAGs, the Airflow way: environment, secrets backend, or metadata database.

``Connection.get_connection_from_secrets`` works in a plain process; the SDK's ``BaseHook.get_connection`` does not
outside of a task. Everything here blocks, so it runs in a thread. Importing Airflow takes some seconds, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from psycopg.conninfo import make_conninfo

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.accounts import DEFAULT_ACCOUNTS, VARIABLE, listed_accounts
from megaplan_sync.kernel.exceptions import MissingConnectionError
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID
from uis_hook.exceptions import UisError
from uis_hook.settings import UisSettings


@dataclass(frozen=True)
class AccountSource:
    """What the connections say about one account; equal ones make no difference.

    :param login: of Megaplan; empty with an application token
    :param uis: of the telephony cabinet; None where telephony is off
    """

    settings: AccountSettings
    login: str
    password: str = field(repr=False)
    uis: UisSettings | None = None


@dataclass(frozen=True)
class Reading:
    """All accounts as they could be read just now.

    :param listed: connection ids that the Variable names; None if it is absent
    :param sources: by connection id
    :param problems: why a connection gives no account, by connection id; a sentence without secrets
    """

    listed: tuple[str, ...] | None
    sources: dict[str, AccountSource]
    problems: dict[str, str]


def read_accounts() -> Reading:
    """Read the Variable ``megaplan_accounts`` and the connections it names.

    :raises AccountListError: the Variable is no list of connection ids
    """
    listed = _listed()
    sources: dict[str, AccountSource] = {}
    problems: dict[str, str] = {}
    for conn_id in listed or DEFAULT_ACCOUNTS:
        try:
            sources[conn_id] = _source(conn_id)
        except (MegaplanError, UisError, MissingConnectionError) as error:
            problems[conn_id] = str(error)
    return Reading(listed, sources, problems)


def read_postgres_address(conn_id: str = POSTGRES_CONN_ID) -> str:
    """Return the libpq address of the raw tables' database, as ``PostgresHook`` would connect to it.

    :raises MissingConnectionError: there is no such connection
    """
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection = _connection(conn_id, "postgres")
    given: dict[str, Any] = {
        "host": connection.host,
        "user": connection.login,
        "password": connection.password,
        "dbname": connection.schema,
        "port": connection.port,
    }
    extra = connection.extra_dejson
    given |= {name: extra[name] for name in extra if name not in PostgresHook.ignored_extra_options}
    return make_conninfo(**{name: value for name, value in given.items() if value not in (None, "")})


def _listed() -> tuple[str, ...] | None:
    from airflow.models.variable import Variable

    value = Variable.get_variable_from_secrets(VARIABLE)
    return None if value is None else tuple(listed_accounts(value))


def _source(conn_id: str) -> AccountSource:
    connection = _connection(conn_id, "megaplan")
    settings = AccountSettings.from_connection(connection)
    uis = None
    if settings.telephony_active and settings.uis_conn_id:
        uis = UisSettings.from_connection(_connection(settings.uis_conn_id, "uis"))
    return AccountSource(settings, (connection.login or "").strip(), connection.password or "", uis)


def _connection(conn_id: str, kind: str) -> Any:
    from airflow.models.connection import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get_connection_from_secrets(conn_id)
    except AirflowNotFoundException as error:
        raise MissingConnectionError(conn_id, kind) from error
