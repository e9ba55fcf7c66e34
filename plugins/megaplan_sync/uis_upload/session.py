"""What the upload of an account's deals needs: the cabinet and a database session."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.account_session import account_hook, cabinet_hook
from megaplan_sync.kernel.calibration import use_what_was_seen_of_uis
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, raw_database, shared_raw_database
from megaplan_sync.kernel.session import DurableSession, Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.uis_upload.external_ids import ext_id_prefix
from megaplan_sync.uis_upload.postgres_points import PostgresPoints
from uis_hook.client import UisClient
from uis_hook.hook import UisHook

log = logging.getLogger(__name__)


@dataclass
class UploadSession:
    """The upload of one account's deals in one task.

    :param settings: of the Megaplan account
    :param connection: its commits wait for the disk, or an intent could be lost
    """

    settings: AccountSettings
    uis: UisClient
    connection: Session
    sleep: Callable[[float], None] = time.sleep
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The label of the Megaplan account, ``account`` in every table."""
        return self.settings.account

    @property
    def prefix(self) -> str:
        """The prefix of the account's ids in UIS."""
        return ext_id_prefix(self.account)

    @property
    def read_lag_seconds(self) -> float:
        """How late UIS may show what it has accepted."""
        return self.uis.settings.vendor_quirks.read_lag_seconds

    def count(self, what: str, number: int = 1) -> None:
        """Add to a count of the run."""
        if number:
            self.counts[what] = self.counts.get(what, 0) + number

    def execute(self, statement: str, **values: Any) -> list[Any]:
        """Execute a statement of ``include/sql`` for this account; return its rows."""
        cursor = self.connection.execute(read_sql(statement), {"account": self.account, **values})
        return cursor.fetchall() if cursor.description else []


def uis_connection_of(settings: AccountSettings) -> str | None:
    """Return the cabinet that an account's deals go to; if there is none, log why and return None."""
    account = settings.connection_id
    if not settings.deals_active:
        log.info("%s: deals_active is off, nothing to do", account)
    elif not settings.deals_to_uis:
        log.info("%s: deals_to_uis is off, nothing to do", account)
    elif not settings.uis_conn_id:
        log.info("%s: uis_conn_id is empty, so there is no cabinet to upload deals to", account)
    else:
        return settings.uis_conn_id
    return None


@contextmanager
def upload_session(conn_id: str, postgres_conn_id: str = POSTGRES_CONN_ID) -> Iterator[UploadSession | None]:
    """Open a session for the duration of the block; yields None if the account's deals do not go to UIS.

    :param conn_id: connection of the Megaplan account
    :raises MegaplanSettingError: a setting of that connection is invalid
    :raises MissingConnectionError: one of the two connections does not exist
    :raises UisSettingError: a setting of the cabinet's connection is invalid
    """
    settings = account_hook(conn_id).settings
    uis_conn_id = uis_connection_of(settings)
    if uis_conn_id is None:
        yield None
        return
    limits = cabinet_hook(uis_conn_id).settings
    with (
        raw_database(postgres_conn_id, DurableSession) as connection,
        shared_raw_database(postgres_conn_id) as shared,
    ):
        uis_hook = UisHook(
            uis_conn_id,
            points=PostgresPoints(
                shared,
                uis_conn_id,
                longest_wait_seconds=limits.longest_limit_wait_seconds,
                reserved_share=limits.reserved_points_percent / 100,
            ),
        )
        use_what_was_seen_of_uis(connection, uis_hook, settings.account)
        uis = uis_hook.client
        try:
            yield UploadSession(settings, uis, connection)
        finally:
            uis.close()
