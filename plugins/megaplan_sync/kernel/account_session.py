"""What a task needs to work on one account: a hook with the shared request budget, and a database session."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowNotFoundException

from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.absent_connection import absent_connection
from megaplan_sync.kernel.calibration import use_what_was_seen
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, raw_database, shared_raw_database
from megaplan_sync.kernel.request_budget import LIVE_SHARE, PostgresRequestBudget, Statements
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from uis_hook.hook import UisHook

log = logging.getLogger(__name__)


def account_hook(conn_id: str) -> MegaplanHook:
    """Return the hook of an account, with its settings checked.

    :raises MissingConnectionError: there is no such connection
    :raises AirflowUnavailableError: Airflow's API server cannot be asked
    :raises MegaplanSettingError: a setting of the connection is invalid
    """
    hook = MegaplanHook(conn_id)
    try:
        _ = hook.settings
    except AirflowNotFoundException as error:
        raise absent_connection(conn_id, "megaplan") from error
    return hook


def cabinet_hook(uis_conn_id: str) -> UisHook:
    """Return the hook of a UIS cabinet, with its settings checked.

    :raises MissingConnectionError: there is no such connection
    :raises AirflowUnavailableError: Airflow's API server cannot be asked
    :raises UisSettingError: a setting of the connection is invalid
    """
    uis = UisHook(uis_conn_id)
    try:
        _ = uis.settings
    except AirflowNotFoundException as error:
        raise absent_connection(uis_conn_id, "uis") from error
    return uis


def uis_hook_of(megaplan: MegaplanHook) -> UisHook:
    """Return the hook of the UIS cabinet that an account's connection names.

    :raises MegaplanSettingError: it names none
    :raises MissingConnectionError: there is no such connection
    :raises AirflowUnavailableError: Airflow's API server cannot be asked
    :raises UisSettingError: a setting of the cabinet's connection is invalid
    """
    uis_conn_id = megaplan.settings.uis_conn_id
    if not uis_conn_id:
        raise MegaplanSettingError(
            megaplan.megaplan_conn_id,
            "uis_conn_id",
            "it is empty although telephony_active is on",
            "enter the id of a connection of type uis, such as uis_default, or switch telephony_active off",
        )
    return cabinet_hook(uis_conn_id)


def has_calls(settings: AccountSettings) -> bool:
    """Return whether an account's calls are pushed and reconciled."""
    return settings.telephony_active and bool(settings.uis_conn_id)


def shared_budget(
    connection: Statements, hook: MegaplanHook, seconds: float | None = None
) -> PostgresRequestBudget:
    """Return an account's request budget, less the live lane's share if telephony is active.

    :param connection: in which no transaction is ever open
    :param seconds: how long requests may be sent
    """
    settings = hook.settings
    return PostgresRequestBudget(
        connection,
        hook.account,
        requests_per_second=settings.requests_per_second,
        requests_per_hour=settings.requests_per_hour,
        reserved_share=LIVE_SHARE if settings.telephony_active else 0.0,
        seconds=seconds,
    )


def save_settings(connection: Statements, hook: MegaplanHook) -> None:
    """Save which connection an account has and what it switches on, for people to see."""
    settings = hook.settings
    per_hour = settings.requests_per_hour
    connection.execute(
        read_sql("save_account_settings"),
        {
            "account": hook.account,
            "conn_id": hook.megaplan_conn_id,
            "deals_active": settings.deals_active,
            "telephony_active": settings.telephony_active,
            "deals_to_uis": settings.deals_to_uis and bool(settings.uis_conn_id),
            "requests_per_hour": per_hour,
            "reserved_for_calls": per_hour - int(per_hour * (1 - LIVE_SHARE))
            if settings.telephony_active
            else 0,
            "directories_every_minutes": settings.directories_every_minutes,
        },
    )


@contextmanager
def account_session(
    conn_id: str, postgres_conn_id: str = POSTGRES_CONN_ID, *, seconds: float | None = None
) -> Iterator[tuple[MegaplanHook, Session] | None]:
    """Open both for the duration of the block; yields None if the account's ``deals_active`` is off.

    :param seconds: how long requests may be sent; afterwards the work pauses
    """
    hook = account_hook(conn_id)
    if not hook.settings.deals_active:
        log.info("%s: deals_active is off, nothing to do", conn_id)
        with raw_database(postgres_conn_id) as connection:
            save_settings(connection, hook)
        yield None
        return
    with raw_database(postgres_conn_id) as connection, shared_raw_database(postgres_conn_id) as shared:
        use_what_was_seen(connection, hook)
        hook.budget = shared_budget(shared, hook, seconds)
        save_settings(shared, hook)
        yield hook, connection
