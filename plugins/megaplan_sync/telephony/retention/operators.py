"""Operator that deletes calls and messages that are older than the connection says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import Context

from megaplan_sync.kernel.account_batch import NIGHT_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.retention.forgotten_calls import forget_old_calls


class ForgetOldCallsOperator(RawDatabaseOperator):
    """Deletes calls older than ``keep_telephony_days``, and messages that do not concern one.

    An account that fails does not stop the others. Without an inbox there is nothing to do.

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
        settings = hook.settings
        keep_days = settings.keep_telephony_days
        with raw_database(self.postgres_conn_id) as connection:
            inbox = connection.execute(read_sql("find_tables"), {"names": ["telephony.events"]}).fetchone()
            if inbox is None:
                self.log.info("%s: no message was ever received, nothing to do", conn_id)
                return
            prepare_telephony_schema(connection)
            counts = forget_old_calls(
                connection, hook.account, keep_days, keep_messages_days=settings.keep_messages_days
            )
        kept = "forever" if keep_days is None else f"for {keep_days} days"
        self.log.info("%s: calls are kept %s; %s", hook.account, kept, counts)
        done[hook.account] = vars(counts)
