"""Operators of ``megaplan_deals_sync``: prepare the tables, choose the accounts, load."""

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import Context

from megaplan_sync.kernel.account_batch import RUN_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_session
from megaplan_sync.kernel.accounts import chosen_accounts, in_batches
from megaplan_sync.kernel.error_reporting import ReportingOperator, airflow_errors
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.account_sync import AccountSync, chosen_entities
from megaplan_sync.raw.announcements import announce_changes
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.schema import prepare_raw_schema


class PrepareRawTablesOperator(RawDatabaseOperator):
    """Creates the raw tables and views, or upgrades older ones; deletes outcomes of old runs."""

    def execute(self, context: Context) -> bool:
        """Return whether anything was created or upgraded."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            done = prepare_raw_schema(connection)
            connection.execute(read_sql("delete_old_entity_runs"))
        self.log.info("Raw tables and views %s", "created or upgraded" if done else "are up to date")
        return done


class ChooseMegaplanAccountsOperator(ReportingOperator):
    """Returns the connection ids of the wanted accounts, in batches for mapped tasks.

    Checks the names of entities as well, so that a typo is reported before anything is read.

    :param accounts: connection ids, all of the Variable ``megaplan_accounts`` if empty
    :param entities: names of entities, validated only
    """

    template_fields: Sequence[str] = ("accounts", "entities")

    def __init__(
        self, *, accounts: Collection[str] | str = (), entities: Collection[str] | str = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.entities = entities

    def execute(self, context: Context) -> list[list[str]]:
        """Return batches of connection ids."""
        with airflow_errors():
            chosen_entities(self.entities or ())
            return in_batches(chosen_accounts(self.accounts or ()))


class MegaplanToPostgresOperator(AccountsOperator):
    """Brings the raw tables of some accounts up to date; the failure of one does not stop the others.

    Set ``outlets=RAW_TABLE_ALIASES`` (``megaplan_sync.raw.assets``) to announce changed tables.

    :param accounts: connection ids
    :param entities: names of entities, all if empty
    :param full_refresh: read everything again instead of only changes
    """

    template_fields: Sequence[str] = ("accounts", "entities", "full_refresh")

    def __init__(
        self,
        *,
        entities: Collection[str] | str = (),
        full_refresh: bool | str = False,
        seconds: float = RUN_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds
        self.entities = entities
        self.full_refresh = full_refresh

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the outcomes of the entities that were read."""
        run_id = str(context["run_id"])
        with AccountBatch(self.log, seconds=self.seconds) as batch:
            done = batch.run(self.accounts, lambda conn_id: self._sync(conn_id, run_id, batch.seconds_left))
            outcomes = [outcome for each in done.values() for outcome in each]
            announce_changes(outcomes, self.postgres_conn_id, context)
            batch.report_partial({outcome.account for outcome in outcomes if outcome.partial})
        return [outcome.as_dict() for outcome in outcomes if not outcome.skipped]

    def _sync(self, conn_id: str, run_id: str, seconds: float) -> list[EntityOutcome]:
        with account_session(conn_id, self.postgres_conn_id, seconds=seconds) as session:
            if session is None:
                return []
            sync = AccountSync(*session, run_id=run_id)
            return sync.run(self.entities or (), full_refresh=bool(self.full_refresh))
