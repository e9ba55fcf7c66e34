"""What a task of telephony needs: the hooks of both sides and a session of the database."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.account_session import account_hook, shared_budget, uis_hook_of
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, raw_database
from uis_hook.client import UisClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TelephonySession:
    """Both sides of one account, and where they meet.

    :param connection: in autocommit mode, as ``raw_database`` prepares it
    """

    megaplan: MegaplanHook
    uis: UisClient
    connection: Connection[Any]

    @property
    def account(self) -> str:
        """The label of the Megaplan account, ``account`` in every table."""
        return self.megaplan.account


@contextmanager
def telephony_session(
    conn_id: str, postgres_conn_id: str = POSTGRES_CONN_ID
) -> Iterator[TelephonySession | None]:
    """Open both sides for the length of a block; None, and a line in the log, where ``telephony_active`` is off.

    Requests to Megaplan come out of the account's shared budget and leave the live lane its share.

    :param conn_id: connection of the Megaplan account
    :raises MegaplanSettingError: a setting of that connection makes no sense
    """
    megaplan = account_hook(conn_id)
    if not megaplan.settings.telephony_active:
        log.info("%s: telephony_active is off, nothing to do", conn_id)
        yield None
        return
    uis = uis_hook_of(megaplan).client
    with raw_database(postgres_conn_id) as connection, raw_database(postgres_conn_id) as budget_connection:
        megaplan.budget = shared_budget(budget_connection, megaplan)
        try:
            yield TelephonySession(megaplan, uis, connection)
        finally:
            uis.close()
