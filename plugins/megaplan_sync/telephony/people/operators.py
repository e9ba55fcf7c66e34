"""Operators of the telephony sync: create the tables, map the employees."""

from collections.abc import Collection
from typing import Any

from airflow.sdk import BaseHook, Context

from megaplan_sync.kernel.account_batch import AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.telephony.assets import TELEPHONY_USERS, telephony_table_asset
from megaplan_sync.telephony.people.user_sync import UserSync, UserSyncOutcome
from megaplan_sync.telephony.session import telephony_session


class PrepareTelephonyTablesOperator(RawDatabaseOperator):
    """Creates or upgrades the tables of telephony, and those it shares with the syncs."""

    def execute(self, context: Context) -> bool:
        """Return whether anything was created or upgraded."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            # the request budget belongs to the raw tables, which may not exist if deals are not active
            done = [prepare_raw_schema(connection), prepare_telephony_schema(connection)]
        self.log.info("Tables of telephony %s", "created or upgraded" if any(done) else "are in place")
        return any(done)


class TelephonyUsersToPostgresOperator(AccountsOperator):
    """Maps the employees of some accounts to UIS's; an account that fails does not stop the others.

    With ``outlets=[TELEPHONY_USERS]`` (``megaplan_sync.telephony.assets``), it publishes changed users.
    Mismatches are reported in the log, in the result and in ``telephony.mismatches``; they do not fail the task.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the outcome of every account with active telephony, including its mismatches."""
        outcomes: list[UserSyncOutcome] = []

        def map_users(conn_id: str) -> None:
            with telephony_session(conn_id, self.postgres_conn_id, seconds=batch.seconds_left) as session:
                if session is not None:
                    outcome = UserSyncOutcome(session.account)
                    outcomes.append(outcome)
                    UserSync(session).run(outcome)

        with AccountBatch(self.log) as batch:
            batch.run(self.accounts, map_users)
            self._publish(outcomes, context)
        return [outcome.as_dict() for outcome in outcomes]

    def _publish(self, outcomes: Collection[UserSyncOutcome], context: Context) -> None:
        """Emit an asset event for every account whose users changed, even if it failed afterwards."""
        database = BaseHook.get_connection(self.postgres_conn_id) if outcomes else None
        for outcome in outcomes:
            if database is not None and outcome.users_changed:
                asset = telephony_table_asset("users", database.host, database.port, database.schema)
                context["outlet_events"][TELEPHONY_USERS].add(asset, extra=outcome.as_dict())
