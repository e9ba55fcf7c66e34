"""Read the DAGs' connections from Airflow's environment, secrets backend or metadata database.

``Connection.get_connection_from_secrets`` works in a plain process; the SDK's ``BaseHook.get_connection`` works only
inside a task. All functions block, so call them in a thread. The first import of Airflow takes a few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from megaplan_gateway.accounts.seen_settings import SeenSettings
from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.accounts import DEFAULT_ACCOUNTS, VARIABLE, listed_accounts
from megaplan_sync.kernel.calibration import with_seen
from megaplan_sync.kernel.exceptions import MissingConnectionError
from megaplan_sync.kernel.incidents import NOTICES_CONN_ID
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, postgres_address
from uis_hook.exceptions import UisError
from uis_hook.settings import UisSettings


@dataclass(frozen=True)
class AccountSource:
    """Everything the connections define for one account; compared by value to detect changes.

    :param login: Megaplan login; empty if an application token is used
    :param uis: settings of the UIS connection; None if telephony is off
    """

    settings: AccountSettings
    login: str
    password: str = field(repr=False)
    uis: UisSettings | None = None


@dataclass(frozen=True)
class ConnectionSnapshot:
    """The result of one read of all connections.

    :param listed: connection ids listed in the Variable; None if it is not set
    :param sources: by connection id
    :param problems: why a connection is unusable, by connection id; never contains secrets
    """

    listed: tuple[str, ...] | None
    sources: dict[str, AccountSource]
    problems: dict[str, str]


def read_accounts() -> ConnectionSnapshot:
    """Read the Variable ``megaplan_accounts`` and the connections it lists, with what the doctor has seen.

    :raises AccountListError: if the Variable is not a list of connection ids
    """
    listed = _listed()
    _SEEN.refresh()
    sources: dict[str, AccountSource] = {}
    problems: dict[str, str] = {}
    for conn_id in listed or DEFAULT_ACCOUNTS:
        try:
            sources[conn_id] = _source(conn_id)
        except (MegaplanError, UisError, MissingConnectionError) as error:
            problems[conn_id] = str(error)
    return ConnectionSnapshot(listed, sources, problems)


def read_postgres_address(conn_id: str = POSTGRES_CONN_ID) -> str:
    """Return the libpq connection string of the raw tables' database.

    :raises MissingConnectionError: if the connection does not exist
    """
    return postgres_address(_connection(conn_id, "postgres"))


def read_notice_setting() -> Any | None:
    """Return the connection with the recipients of notices; None if there is none, which turns them off."""
    try:
        return _connection(NOTICES_CONN_ID, "generic")
    except MissingConnectionError:
        return None


_SEEN = SeenSettings(read_postgres_address)


def _listed() -> tuple[str, ...] | None:
    from airflow.models.variable import Variable

    value = Variable.get_variable_from_secrets(VARIABLE)
    return None if value is None else tuple(listed_accounts(value))


def _source(conn_id: str) -> AccountSource:
    connection = _connection(conn_id, "megaplan")
    settings = AccountSettings.from_connection(connection)
    settings = with_seen(settings, _SEEN.of(settings.account, "megaplan"))
    uis = None
    if settings.telephony_active and settings.uis_conn_id:
        uis = UisSettings.from_connection(_connection(settings.uis_conn_id, "uis"))
        uis = with_seen(uis, _SEEN.of(settings.account, "uis"))
    return AccountSource(settings, (connection.login or "").strip(), connection.password or "", uis)


def _connection(conn_id: str, kind: str) -> Any:
    from airflow.models.connection import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get_connection_from_secrets(conn_id)
    except AirflowNotFoundException as error:
        raise MissingConnectionError(conn_id, kind) from error
