"""Operators of the rebuild: check tables and columns, recreate the views, rebuild the rows."""

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import Context

from megaplan_sync.kernel.account_batch import NIGHT_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.raw.announcements import announce_changes
from megaplan_sync.raw.schema import require_raw_schema
from megaplan_sync.rebuild.account_rebuild import AccountRebuild
from megaplan_sync.rebuild.outcome import RebuildOutcome
from megaplan_sync.rebuild.views import recreate_views


class RequireRawColumnsOperator(RawDatabaseOperator):
    """Fails if raw tables or columns are missing, since those cannot be rebuilt. Upgrades older tables."""

    def execute(self, context: Context) -> None:
        """Check and upgrade."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            require_raw_schema(connection)


class RecreateViewsOperator(RawDatabaseOperator):
    """Recreates the views of schema ``megaplan``, including dropped or changed ones."""

    def execute(self, context: Context) -> None:
        """Recreate the views."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            recreate_views(connection)
        self.log.info("The views of schema megaplan are up to date")


class RebuildRawTablesOperator(AccountsOperator):
    """Rebuilds the raw tables of some accounts from their payloads; the failure of one does not stop the others.

    Sends no requests to Megaplan: only the account and settings of the connections are used, and ``deals_active``
    does not matter. Set ``outlets=RAW_TABLE_ALIASES`` to announce changed tables.

    :param entities: names of entities, all if empty
    """

    template_fields: Sequence[str] = ("accounts", "entities")

    def __init__(self, *, entities: Collection[str] | str = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entities = entities

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the outcome of every entity of every account."""
        run_id = str(context["run_id"])
        with AccountBatch(self.log, seconds=NIGHT_SECONDS) as batch:
            done = batch.run(self.accounts, lambda conn_id: self._rebuild(conn_id, run_id))
            outcomes = [outcome for each in done.values() for outcome in each]
            announce_changes(outcomes, self.postgres_conn_id, context, from_megaplan=False)
        return [outcome.as_dict() for outcome in outcomes]

    def _rebuild(self, conn_id: str, run_id: str) -> list[RebuildOutcome]:
        hook = account_hook(conn_id)
        region = hook.settings.vendor_quirks.default_phone_region
        with raw_database(self.postgres_conn_id) as connection:
            account = AccountRebuild(connection, hook.account, phone_region=region, run_id=run_id)
            return account.run(self.entities or ())
