"""What a telephony task needs: the hooks of both sides and a database session."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.account_session import account_hook, save_settings, shared_budget, uis_hook_of
from megaplan_sync.kernel.calibration import use_what_was_seen, use_what_was_seen_of_uis
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, raw_database, shared_raw_database
from megaplan_sync.kernel.session import DurableSession, Session
from uis_hook.client import UisClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TelephonySession:
    """The hooks of one account, and a database session.

    :param connection: its commits wait for the disk, or an intent could be lost
    """

    megaplan: MegaplanHook
    uis: UisClient
    connection: Session

    @property
    def account(self) -> str:
        """The label of the Megaplan account, as in the column ``account`` of every table."""
        return self.megaplan.account


@contextmanager
def telephony_session(
    conn_id: str, postgres_conn_id: str = POSTGRES_CONN_ID, *, seconds: float | None = None
) -> Iterator[TelephonySession | None]:
    """Open a session for the duration of a block; None, with a line in the log, if ``telephony_active`` is off.

    Requests to Megaplan use the account's shared budget, except for the share of the live lane.

    :param conn_id: connection of the Megaplan account
    :param seconds: how long requests to Megaplan may be sent; afterwards the work pauses
    :raises MegaplanSettingError: a setting of that connection is invalid
    """
    megaplan = account_hook(conn_id)
    if not megaplan.settings.telephony_active:
        log.info("%s: telephony_active is off, nothing to do", conn_id)
        yield None
        return
    uis_hook = uis_hook_of(megaplan)
    with (
        raw_database(postgres_conn_id, DurableSession) as connection,
        shared_raw_database(postgres_conn_id) as shared,
    ):
        use_what_was_seen(connection, megaplan)
        use_what_was_seen_of_uis(connection, uis_hook, megaplan.account)
        uis = uis_hook.client
        megaplan.budget = shared_budget(shared, megaplan, seconds)
        save_settings(shared, megaplan)
        try:
            yield TelephonySession(megaplan, uis, connection)
        finally:
            uis.close()
