"""Operator of the nightly reconciliation of calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from airflow.sdk import Context

from megaplan_sync.kernel.account_batch import NIGHT_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator
from megaplan_sync.kernel.account_session import account_hook, has_calls
from megaplan_sync.kernel.certificate import CALLS
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.telephony.night.call_reconciliation import CallReconciliation
from megaplan_sync.telephony.push.exceptions import CallsSinceError
from megaplan_sync.telephony.session import telephony_session


class ReconcileCallsOperator(AccountsOperator):
    """Compares the calls of some accounts with UIS and Megaplan; an account that fails does not stop the others.

    Accounts without ``telephony_active`` or ``uis_conn_id`` are skipped.

    :param entities: names of entities; calls are compared if they are among them, or if it is empty
    :param since: first day to compare; if empty, everything since the last completed night
    :param depth: only recorded in the certificate
    """

    template_fields: Sequence[str] = ("accounts", "entities", "since", "depth")

    def __init__(
        self,
        *,
        entities: Collection[str] | str = (),
        since: str | None = None,
        depth: str = "full",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.entities = entities
        self.since = since
        self.depth = depth

    def execute(self, context: Context) -> None:
        """Compare each account, and store its certificate."""
        if self.entities and CALLS not in self.entities:
            self.log.info("Calls are not to be compared")
            return
        with airflow_errors():
            since = first_day(self.since)
        run_id = str(context["run_id"])
        with AccountBatch(self.log, seconds=NIGHT_SECONDS) as batch:
            batch.run(
                self.accounts, lambda conn_id: self._reconcile(conn_id, since, run_id, batch.seconds_left)
            )

    def _reconcile(self, conn_id: str, since: date | None, run_id: str, seconds: float) -> None:
        if not has_calls(account_hook(conn_id).settings):
            self.log.info("%s: telephony_active is off or uis_conn_id is empty, no calls to compare", conn_id)
            return
        with telephony_session(conn_id, self.postgres_conn_id, seconds=seconds) as session:
            if session is None:
                return
            prepare_telephony_schema(session.connection)
            reconciliation = CallReconciliation(session, run_id=run_id, depth=self.depth, since=since)
            self.log.info("%s", reconciliation.run().doc())


def first_day(given: str | date | None) -> date | None:
    """Parse the parameter ``calls_since``.

    :raises CallsSinceError: it is not a date
    """
    if given is None or given == "" or given == "None":
        return None
    try:
        return given if isinstance(given, date) else date.fromisoformat(str(given))
    except ValueError:
        raise CallsSinceError(given) from None
