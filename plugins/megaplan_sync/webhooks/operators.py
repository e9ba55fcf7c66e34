"""Operators of ``megaplan_deal_events``: find accounts with webhooks, and read the named entities again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import Context

from megaplan_sync.kernel.account_batch import AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook, account_session
from megaplan_sync.kernel.accounts import chosen_accounts, in_batches
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import OUR_ERRORS
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.announcements import announce_changes
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.webhooks.account_webhooks import AccountWebhooks


class ChooseAccountsWithWebhooksOperator(RawDatabaseOperator):
    """Returns the accounts with waiting webhooks, in batches of connection ids; creates missing tables.

    :param accounts: connection ids; empty means all of the Variable ``megaplan_accounts``
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(self, *, accounts: Collection[str] | str = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts

    def execute(self, context: Context) -> list[list[str]]:
        """Return batches of connection ids."""
        with airflow_errors():
            chosen = chosen_accounts(self.accounts or ())
            with raw_database(self.postgres_conn_id) as connection:
                prepare_raw_schema(connection)
                prepare_telephony_schema(connection)
                rows = connection.execute(read_sql("select_accounts_with_webhooks")).fetchall()
        if not rows:  # a thousand connections are not read every few minutes for nothing
            return []
        waiting = {account for (account,) in rows}
        return in_batches([conn_id for conn_id in chosen if self._may_have_webhooks(conn_id, waiting)])

    def _may_have_webhooks(self, conn_id: str, waiting: Collection[str]) -> bool:
        """Return whether the account is one of these; an invalid connection fails the account's own task."""
        try:
            hook = account_hook(conn_id)
            return hook.settings.deals_active and hook.account in waiting
        except OUR_ERRORS as error:
            self.log.error("%s: %s", conn_id, error)
            return bool(waiting)


class ReadNamedEntitiesOperator(AccountsOperator):
    """Reads again the entities that webhooks name; one account's failure does not stop the others.

    Pass ``outlets=RAW_TABLE_ALIASES`` (``megaplan_sync.raw.assets``) to publish changed tables.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the outcome of each table of each account."""
        outcomes: list[EntityOutcome] = []
        with AccountBatch(self.log) as batch:
            batch.run(self.accounts, lambda conn_id: self._read(conn_id, outcomes, batch.seconds_left))
            announce_changes(outcomes, self.postgres_conn_id, context)
        return [outcome.as_dict() for outcome in outcomes]

    def _read(self, conn_id: str, outcomes: list[EntityOutcome], seconds: float) -> None:
        with account_session(conn_id, self.postgres_conn_id, seconds=seconds) as session:
            if session is None:
                return
            webhooks = AccountWebhooks(*session)
            try:
                webhooks.run()
            finally:  # also publish what was written before a failure
                outcomes += webhooks.outcomes()
