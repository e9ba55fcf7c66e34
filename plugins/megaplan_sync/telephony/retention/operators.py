"""Operator that deletes calls older than the connection's ``keep_telephony_days``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import Context

from megaplan_sync.kernel.account_batch import NIGHT_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.telephony.retention.forgotten_calls import forget_old_calls


class ForgetOldCallsOperator(RawDatabaseOperator):
    """Deletes calls older than ``keep_telephony_days``; an account that fails does not stop the others.

    Accounts without that setting and with ``telephony_active`` off are skipped.

    :param accounts: batches of connection ids
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(self, *, accounts: Collection[Collection[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts

    def execute(self, context: Context) -> dict[str, dict[str, int]]:
        """Return what was deleted of each account, and what had to be kept."""
        done: dict[str, dict[str, int]] = {}
        with AccountBatch(self.log, seconds=NIGHT_SECONDS) as batch:
            batch.run(
                [conn_id for several in self.accounts or () for conn_id in several],
                lambda conn_id: self._forget(conn_id, done),
            )
        return done

    def _forget(self, conn_id: str, done: dict[str, dict[str, int]]) -> None:
        hook = account_hook(conn_id)
        keep_days = hook.settings.keep_telephony_days
        if keep_days is None and not hook.settings.telephony_active:
            self.log.info(
                "%s: keep_telephony_days is empty and telephony_active is off, nothing to do", conn_id
            )
            return
        with raw_database(self.postgres_conn_id) as connection:
            prepare_telephony_schema(connection)
            counts = forget_old_calls(connection, hook.account, keep_days)
        kept = "forever" if keep_days is None else f"for {keep_days} days"
        self.log.info("%s: calls are kept %s; %s", hook.account, kept, counts)
        done[hook.account] = vars(counts)
