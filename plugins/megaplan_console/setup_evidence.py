"""What Postgres and Airflow's connections show of an account that is being set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from megaplan_console.database import Database, Row, open_database
from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.account_session import account_hook, cabinet_hook
from megaplan_sync.kernel.calibration import is_explicit
from megaplan_sync.kernel.exceptions import OUR_ERRORS, MegaplanSyncError
from uis_hook.settings import UisSettings


@dataclass(frozen=True)
class SetupEvidence:
    """What is known of an account without asking a vendor.

    :param account: its name; None if neither its connection nor a run has told it
    :param settings: of its connection; None if there is none, or an invalid one
    :param connection_error: why, with what to do
    :param cabinet: settings of the UIS connection, if something uses one
    :param database_error: why the tables cannot be read, with what to do
    :param deals: tables and nights; None if there are no tables
    :param telephony: what has arrived; None if there are no tables
    :param uploads: deals that UIS has; None if there are no tables
    :param findings: of the doctor's last examination
    :param examined_at: when that was
    :param facts: what calibration has seen, and what follows from each: ``use``
    """

    account: str | None
    settings: AccountSettings | None
    connection_error: str = ""
    cabinet: UisSettings | None = None
    cabinet_error: str = ""
    database_error: str = ""
    deals: Row | None = None
    telephony: Row | None = None
    uploads: Row | None = None
    findings: list[dict[str, str]] = field(default_factory=list)
    examined_at: datetime | None = None
    facts: list[Row] = field(default_factory=list)

    @property
    def uses_telephony(self) -> bool:
        """Whether the connection switches telephony on."""
        return self.settings is not None and self.settings.telephony_active

    @property
    def uses_uploads(self) -> bool:
        """Whether the connection lets deals be uploaded to UIS."""
        settings = self.settings
        return bool(settings and settings.deals_active and settings.deals_to_uis and settings.uis_conn_id)


def evidence_of(conn_id: str) -> SetupEvidence:
    """Read what is known of the account of a connection; what cannot be read says why."""
    settings, connection_error = None, ""
    try:
        settings = account_hook(conn_id).settings
    except (MegaplanError, MegaplanSyncError) as error:
        connection_error = str(error)
    cabinet, cabinet_error = _cabinet(settings)
    found: dict[str, Any] = {"account": settings.account if settings else None}
    try:
        with open_database() as database:
            if database.has_raw:
                (known,) = database.rows("select_setup_accounts", conn_ids=[conn_id])
                account = found["account"] or known["account"]
                found |= {"account": account, **_found(database, conn_id, account or "")}
                found["facts"] = _facts(database, account or "", settings, cabinet)
    except MegaplanSyncError as error:
        found["database_error"] = str(error)
    return SetupEvidence(
        settings=settings,
        connection_error=connection_error,
        cabinet=cabinet,
        cabinet_error=cabinet_error,
        **found,
    )


def _cabinet(settings: AccountSettings | None) -> tuple[UisSettings | None, str]:
    if settings is None or not settings.uis_conn_id:
        return None, ""
    try:
        return cabinet_hook(settings.uis_conn_id).settings, ""
    except OUR_ERRORS as error:
        return None, str(error)


def _found(database: Database, conn_id: str, account: str) -> dict[str, Any]:
    found: dict[str, Any] = {"deals": database.row("select_setup_of_deals", account=account)}
    if database.has_telephony:
        found["telephony"] = database.row("select_setup_of_telephony", account=account)
    if database.has_uploads:
        found["uploads"] = database.row("select_setup_of_uploads", account=account)
    for row in database.rows("select_examination", conn_id=conn_id):
        found |= row
    return found


def _facts(
    database: Database, account: str, settings: AccountSettings | None, cabinet: UisSettings | None
) -> list[Row]:
    """Return what calibration has seen, and what follows from each fact: ``use``."""
    facts = database.rows("select_calibration", account=account)
    for fact in facts:
        of_connection = settings if fact["side"] == "megaplan" else cabinet
        if fact["seen"] is None:
            fact["use"] = "unseen"
        elif fact["seen"] == fact["assumed"]:
            fact["use"] = "same"
        elif fact["setting"] is None:
            fact["use"] = "any"
        else:
            is_given = of_connection is not None and is_explicit(of_connection, fact["setting"])
            fact["use"] = "overridden" if is_given else "used"
    return facts
