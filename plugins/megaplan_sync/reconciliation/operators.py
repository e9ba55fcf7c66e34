"""Operators of the reconciliation: check the tables, choose the accounts, reconcile, publish, judge."""

import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import Context
from psycopg.errors import UndefinedTable

from megaplan_sync.kernel.account_batch import NIGHT_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook, account_session, has_calls
from megaplan_sync.kernel.accounts import chosen_accounts, in_batches
from megaplan_sync.kernel.certificate import CALLS, Certificate, acknowledge_unreadable, certificates_of
from megaplan_sync.kernel.certificate_report import describe_problem, event_extra, report
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import (
    OUR_ERRORS,
    UnknownDepthError,
    UnprovenError,
    WorkPausedError,
)
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.raw.account_sync import chosen_entities
from megaplan_sync.raw.announcements import announce_tables
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.raw.schema import require_raw_schema
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation

DEPTHS = ("ids", "full")


class RequireRawTablesOperator(RawDatabaseOperator):
    """Fails if raw tables are missing, since creating them would hide their loss. Upgrades older ones."""

    def execute(self, context: Context) -> None:
        """Check and upgrade."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            require_raw_schema(connection)


class ChooseReconciliationOperator(RawDatabaseOperator):
    """Validates all parameters, and returns the accounts in batches for mapped tasks.

    :param accounts: connection ids; all of the Variable ``megaplan_accounts`` if empty
    :param entities: names of entities, validated only
    :param depth: validated only
    :param acknowledge_unreadable: acknowledge the unreadable rows of these accounts
    """

    template_fields: Sequence[str] = ("accounts", "entities", "depth", "acknowledge_unreadable")

    def __init__(
        self,
        *,
        accounts: Collection[str] | str = (),
        entities: Collection[str] | str = (),
        depth: str = "full",
        acknowledge_unreadable: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.entities = entities
        self.depth = depth
        self.acknowledge_unreadable = acknowledge_unreadable

    def execute(self, context: Context) -> list[list[str]]:
        """Return batches of connection ids."""
        with airflow_errors():
            chosen_entities(raw_entities(self.entities))
            if self.depth not in DEPTHS:
                raise UnknownDepthError(self.depth)
            accounts = chosen_accounts(self.accounts or ())
            if self.acknowledge_unreadable is True:
                labels = {account_hook(conn_id).account for conn_id in accounts}
                with raw_database(self.postgres_conn_id) as connection:
                    acknowledged = acknowledge_unreadable(connection, labels)
                self.log.info("Unreadable rows acknowledged: %d", acknowledged)
            return in_batches(accounts)


class ReconcileMegaplanOperator(AccountsOperator):
    """Compares, repairs and certifies the raw tables of some accounts; the failure of one does not stop the others.

    If the hour's requests of accounts are spent, it waits for the next ones without a worker, and continues there.

    :param entities: names of entities, all if empty
    :param depth: ``ids`` or ``full``
    """

    template_fields: Sequence[str] = ("accounts", "entities", "depth")

    def __init__(self, *, entities: Collection[str] | str = (), depth: str = "full", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entities = entities
        self.depth = depth

    def execute(self, context: Context) -> None:
        """Reconcile each account and save the certificates."""
        if self.entities and not raw_entities(self.entities):
            self.log.info("Only calls are to be compared, not these tables")
            return
        self._work(context, list(self.accounts), time.time() + NIGHT_SECONDS)

    def resume(self, context: Context, event: object, accounts: list[str], until: float) -> None:
        """Continue with the accounts whose requests were spent.

        :param event: of the trigger, which only waits
        :param until: Unix time after which nothing waits any more
        """
        self._work(context, accounts, until)

    def _work(self, context: Context, accounts: list[str], until: float) -> None:
        run_id = str(context["run_id"])
        with AccountBatch(self.log, seconds=until - time.time()) as batch:
            pauses = batch.run(accounts, lambda conn_id: self._reconcile(conn_id, run_id, batch.seconds_left))
            waits = {
                conn_id: pause.seconds
                for conn_id, pause in pauses.items()
                if pause and pause.seconds is not None
            }
            resumes_at = time.time() + max(waits.values(), default=0.0)
            if waits and resumes_at < until and not batch.has_failed:
                self.log.info("Waiting without a worker for requests of %s", ", ".join(waits))
                self.defer(
                    trigger=DateTimeTrigger(datetime.fromtimestamp(resumes_at, UTC)),
                    method_name="resume",
                    kwargs={"accounts": list(waits), "until": until},
                )
            self._announce(context, run_id)

    def _reconcile(self, conn_id: str, run_id: str, seconds: float) -> WorkPausedError | None:
        """Return what has paused the work, if anything has."""
        with account_session(conn_id, self.postgres_conn_id, seconds=seconds) as session:
            if session is None:
                return None
            account = AccountReconciliation(*session, run_id=run_id, depth=self.depth)
            account.run(raw_entities(self.entities))
            return account.pause if isinstance(account.pause, WorkPausedError) else None

    def _announce(self, context: Context, run_id: str) -> None:
        """Publish what was repaired for this task's accounts, before it has waited as well."""
        labels = {label for conn_id in self.accounts if (label := _label(conn_id))}
        with raw_database(self.postgres_conn_id) as connection:
            certificates = [each for each in certificates_of(connection, run_id) if each.account in labels]
        announce_tables(changed_tables(certificates), self.postgres_conn_id, context)


def _label(conn_id: str) -> str | None:
    """Return the account of a connection; None if it is invalid, which its own work reports."""
    try:
        return account_hook(conn_id).account
    except OUR_ERRORS:
        return None


class PublishCertificatesOperator(RawDatabaseOperator):
    """Publishes the run's certificates in the log and in an asset event."""

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the certificates."""
        with airflow_errors():
            try:
                with raw_database(self.postgres_conn_id) as connection:
                    certificates = certificates_of(connection, str(context["run_id"]))
            except UndefinedTable:
                certificates = []
            if not certificates:
                raise UnprovenError("Nothing was certified: see the log of the failed upstream task.")
            for line in report(certificates).splitlines():
                self.log.info("%s", line)
            announce_tables([("certificates", event_extra(certificates))], self.postgres_conn_id, context)
        return [certificate.as_dict() for certificate in certificates]


class JudgeCertificatesOperator(RawDatabaseOperator):
    """Fails the run if an account has no certificate or anything is unresolved.

    :param accounts: batches of connection ids that should be certified
    :param entities: names of entities that should be certified, all if empty
    """

    template_fields: Sequence[str] = ("accounts", "entities")

    def __init__(
        self,
        *,
        accounts: Collection[Collection[str]],
        entities: Collection[str] | str = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.entities = entities

    def execute(self, context: Context) -> None:
        """Check the certificates."""
        with airflow_errors():
            with raw_database(self.postgres_conn_id) as connection:
                certificates = certificates_of(connection, str(context["run_id"]))
            wanting = [*self._without(certificates), *map(describe_problem, _bad(certificates))]
            if wanting:
                raise UnprovenError(" | ".join(wanting))
            self.log.info("Proven: %d certificates, nothing unresolved", len(certificates))

    def _without(self, certificates: Collection[Certificate]) -> list[str]:
        certified = {(certificate.account, certificate.entity == CALLS) for certificate in certificates}
        are_tables_wanted = bool(raw_entities(self.entities)) or not self.entities
        are_calls_wanted = CALLS in (self.entities or (CALLS,))
        found = []
        for conn_id in (each for batch in self.accounts for each in batch):
            hook = account_hook(conn_id)
            wants_tables = are_tables_wanted and hook.settings.deals_active
            if wants_tables and (hook.account, False) not in certified:
                found.append(f"account {hook.account} has no certificate: see the log of its task reconcile")
            if are_calls_wanted and has_calls(hook.settings) and (hook.account, True) not in certified:
                found.append(
                    f"account {hook.account} has no certificate of calls: see the log of its task reconcile_calls"
                )
        return found


def _bad(certificates: Collection[Certificate]) -> list[Certificate]:
    return [certificate for certificate in certificates if not certificate.is_good]


def changed_tables(certificates: Collection[Certificate]) -> list[tuple[str, dict[str, Any]]]:
    """Return the raw tables in which something was repaired or marked, with their certificates."""
    return [
        (found.entity, found.as_dict())
        for found in certificates
        if found.entity in ALL_ENTITIES and (found.repaired or found.deleted)
    ]


def raw_entities(given: Collection[str] | str) -> list[str]:
    """Return the given names without calls, which are not a raw table."""
    return [name for name in given or () if name != CALLS]
