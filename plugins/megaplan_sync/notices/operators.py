"""The operator of the DAG ``megaplan_notices``: look for incidents, write messages, deliver them."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseHook, BaseOperator, Context, Variable
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException, AirflowSkipException

from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import (
    DatabaseRefusalError,
    DatabaseRightsError,
    DatabaseUnavailableError,
)
from megaplan_sync.kernel.incidents import NOTICES_CONN_ID, dag_link, shortened
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, raw_database
from megaplan_sync.kernel.schemas import prepare_notice_schema
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.notices.delivery import deliver, write_messages
from megaplan_sync.notices.freshness import Promise, check_freshness
from megaplan_sync.notices.sinks import Sink, read_sinks

DATABASE_DOWN = "megaplan_notices_database_down"
"""Variable that exists while people know that Postgres is down, since Postgres cannot remember that."""
_DOWN = (DatabaseUnavailableError, DatabaseRefusalError, DatabaseRightsError)
"""It is not reached, or refuses us: whichever it is, incidents are neither recorded nor told."""
_CONSEQUENCE = (
    "Until then nothing is loaded or delivered, and failures cannot be recorded. "
    "You will be told when it is over."
)


class NotifyOperator(BaseOperator):
    """Tells people of failures, late runs and stale tables, once each, and of their end.

    :param postgres_conn_id: connection of the database with the incidents
    """

    def __init__(self, *, postgres_conn_id: str = POSTGRES_CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.postgres_conn_id = postgres_conn_id

    def execute(self, context: Context) -> None:
        """Tell people, or skip if notices are off."""
        try:
            setting = BaseHook.get_connection(NOTICES_CONN_ID)
        except AirflowNotFoundException:
            raise AirflowSkipException(
                f"Notices are off: there is no connection {NOTICES_CONN_ID}."
            ) from None
        with airflow_errors():
            sinks, promise = read_sinks(setting), Promise.of(setting)
            try:
                with raw_database(self.postgres_conn_id, DurableSession) as connection:
                    self._tell_that_the_database_is_back(sinks)
                    prepare_notice_schema(connection)
                    check_freshness(connection, promise)
                    self._close_late_runs(connection, context)
                    told = write_messages(connection, sinks)
                    refused = deliver(connection, sinks)
            except _DOWN as error:
                self._tell_that_the_database_is_down(sinks, error)
                raise
        self.log.info("New or over: %d incidents", told)
        if refused:
            raise AirflowException(
                f"{', '.join(refused)} of connection {NOTICES_CONN_ID} did not accept a message: it is sent again, "
                "at the latest after an hour. If this goes on, correct the address or see the recipient's server."
            )

    def _close_late_runs(self, connection: Any, context: Context) -> None:
        for dag_id, run_id in connection.execute(read_sql("select_late_runs")).fetchall():
            running = context["ti"].get_dr_count(
                dag_id=dag_id, run_ids=[run_id], states=["queued", "running"]
            )
            if not running:
                connection.execute(read_sql("close_late_run"), {"subject": dag_id, "run_id": run_id})

    def _tell_that_the_database_is_down(self, sinks: Sequence[Sink], error: Exception) -> None:
        if Variable.get(DATABASE_DOWN, default=None) is None:
            title = "Megaplan: Postgres cannot be used"
            lines = [shortened(str(error)), _CONSEQUENCE, dag_link("megaplan_notices")]
            accepted = [sink.send(title, "\n".join(filter(None, lines)), True) for sink in sinks]
            if any(accepted):
                Variable.set(DATABASE_DOWN, "told")

    def _tell_that_the_database_is_back(self, sinks: Sequence[Sink]) -> None:
        if Variable.get(DATABASE_DOWN, default=None) is not None:
            title = "Megaplan: Over: Postgres cannot be used"
            body = "Failures during that time could not be recorded: see the runs in Airflow."
            accepted = [sink.send(title, body, False) for sink in sinks]
            if any(accepted):
                Variable.delete(DATABASE_DOWN)
