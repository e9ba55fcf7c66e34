"""Operators of ``uis_deals_upload``: prepare, upload, wait, verify, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from megaplan_sync.kernel.account_batch import NIGHT_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.certificate import Certificate, certificates_of
from megaplan_sync.kernel.certificate_report import describe_problem, event_extra, report
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import OUR_ERRORS
from megaplan_sync.kernel.lineage import record_lineage, table_uri, uis_uri
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.schemas import prepare_upload_schema
from megaplan_sync.raw.announcements import announce_tables
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.uis_upload.account_upload import AccountUpload
from megaplan_sync.uis_upload.certificate import certify, run_counts
from megaplan_sync.uis_upload.exceptions import SinceError, UploadIncompleteError
from megaplan_sync.uis_upload.processing_trigger import DealsProcessedTrigger
from megaplan_sync.uis_upload.session import UploadSession, uis_connection_of, upload_session
from megaplan_sync.uis_upload.verification import MOST_TRIES
from uis_hook.exceptions import UisError
from uis_hook.hook import UisHook
from uis_hook.reports import deals_in_processing

MOST_FAILURES_LOGGED = 20


class PrepareUploadTablesOperator(RawDatabaseOperator):
    """Creates and upgrades the tables of the upload, and those of the syncs that it reads."""

    def execute(self, context: Context) -> bool:
        """Return whether anything was missing or old."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            done = [prepare_raw_schema(connection), prepare_upload_schema(connection)]
        self.log.info("Tables of the upload %s", "created or upgraded" if any(done) else "are up to date")
        return any(done)


class DealsToUisOperator(AccountsOperator):
    """Uploads what UIS lacks or has in another state; one account's failure does not stop the others.

    :param since: only deals changed since then; ISO 8601, in the account's time zone if it has none
    :param full: compare with UIS itself instead of the ledger
    :param resend_failed: try again what was refused
    """

    template_fields: Sequence[str] = ("accounts", "since", "full", "resend_failed")

    def __init__(
        self,
        *,
        since: str | None = None,
        full: bool | str = False,
        resend_failed: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.since = since
        self.full = full
        self.resend_failed = resend_failed

    def execute(self, context: Context) -> dict[str, dict[str, int]]:
        """Return the counts of each account."""

        def send(session: UploadSession) -> dict[str, int]:
            source = table_uri(self.postgres_conn_id, "megaplan_raw", "deals")
            record_lineage(self, source, uis_uri(str(session.settings.uis_conn_id), "deals"))
            upload = AccountUpload(session, str(context["run_id"]))
            return upload.send(
                since=_moment(self.since, session),
                full=bool(self.full),
                resend_failed=bool(self.resend_failed),
            )

        return _for_each(self, send)


class DealsProcessedSensor(RawDatabaseOperator, BaseSensorOperator):
    """Waits until UIS has processed the uploads of all accounts: asks once, then defers.

    When the time is up it succeeds as well: the next run verifies what the report does not show by then.

    :param accounts: batches of connection ids
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(
        self,
        *,
        accounts: Any,
        longest_wait_seconds: float = 1200.0,
        poll_seconds: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.longest_wait_seconds = longest_wait_seconds
        self.poll_seconds = poll_seconds

    def execute(self, context: Context) -> None:
        """Ask once, and wait if something is left; skipped if nothing was uploaded."""
        with airflow_errors():
            cabinets = self._cabinets()
            if not cabinets:
                raise AirflowSkipException("No upload to UIS is waiting to be verified")
            waiting = [uis_conn_id for uis_conn_id in cabinets if not self._is_done(uis_conn_id)]
        if waiting:
            self.defer(
                trigger=DealsProcessedTrigger(
                    waiting, time.time() + self.longest_wait_seconds, self.poll_seconds
                ),
                method_name="resume",
            )

    def resume(self, context: Context, event: dict[str, Any] | None) -> None:
        """Continue after the wait.

        :param event: of :class:`DealsProcessedTrigger`
        """
        if not event or "reason" not in event:
            raise ValueError(f"the trigger sent {event!r}")
        if event["reason"] == "time":
            self.log.warning("UIS is still processing uploads; continuing without waiting for the end")

    def _cabinets(self) -> list[str]:
        """Return the cabinets with uploads that have not been seen in the report."""
        found = []
        with raw_database(self.postgres_conn_id) as connection:
            for conn_id in (each for batch in self.accounts for each in batch):
                try:
                    settings = account_hook(conn_id).settings
                    uis_conn_id = uis_connection_of(settings)
                    if uis_conn_id is None:
                        continue
                    session = UploadSession(settings, UisHook(uis_conn_id).client, connection)
                    if session.execute("select_unverified_uploads", most_tries=MOST_TRIES):
                        found.append(uis_conn_id)
                except OUR_ERRORS as error:  # the task that uploads this account fails with this error
                    self.log.error("%s: %s", conn_id, error)
        return sorted(set(found))

    def _is_done(self, uis_conn_id: str) -> bool:
        uis = UisHook(uis_conn_id).client
        try:
            return uis.ask(deals_in_processing()) == 0
        except UisError as error:
            self.log.warning("%s", error)
            return False
        finally:
            uis.close()


class VerifyUisDealsOperator(AccountsOperator):
    """Verifies uploads in UIS's report and certifies them; one account's failure does not stop the others."""

    def execute(self, context: Context) -> dict[str, dict[str, Any]]:
        """Return the certificate of each account."""

        def verify(session: UploadSession) -> dict[str, Any]:
            run_id = str(context["run_id"])
            try:
                AccountUpload(session, run_id).verify()
            finally:
                certificate = certify(session, run_id)
            return certificate.as_dict()

        return _for_each(self, verify)


class ReportUploadOperator(RawDatabaseOperator):
    """Reports what the run did, what failed and why; fails if anything failed or went missing in this run.

    Failures of earlier runs are logged again, but do not fail the task: they have been reported.

    :param accounts: batches of connection ids
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(self, *, accounts: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the certificates."""
        run_id = str(context["run_id"])
        with airflow_errors():
            with raw_database(self.postgres_conn_id) as connection:
                certificates = certificates_of(connection, run_id)
            if not certificates:
                raise AirflowSkipException("No account uploads deals to UIS, or none could be verified")
            for line in report(certificates).splitlines():
                self.log.info("%s", line)
            announce_tables([("certificates", event_extra(certificates))], self.postgres_conn_id, context)
            problems: list[str] = []
            for conn_id in (each for batch in self.accounts for each in batch):
                problems += self._report_account(conn_id, run_id, certificates)
            if problems:
                raise UploadIncompleteError(problems)
        return [certificate.as_dict() for certificate in certificates]

    def _report_account(self, conn_id: str, run_id: str, certificates: Collection[Certificate]) -> list[str]:
        with upload_session(conn_id, self.postgres_conn_id) as session:
            if session is None or session.account not in {each.account for each in certificates}:
                return []
            failed = session.execute("select_failed_uploads", limit=MOST_FAILURES_LOGGED)
            for kind, ext_id, remedy, error in failed:
                self.log.warning("%s: %s %s failed (%s): %s", session.account, kind, ext_id, remedy, error)
            differing = session.execute("select_differing_uploads", limit=MOST_FAILURES_LOGGED)
            for kind, ext_id, difference in differing:
                self.log.warning("%s: %s %s in UIS: %s", session.account, kind, ext_id, difference)
            sorts = ", ".join(
                f"{remedy} {number}" for remedy, number in session.execute("count_failed_uploads")
            )
            self.log.info("%s: failed by who can mend them: %s", session.account, sorts or "none")
            counts = run_counts(session, run_id)
            self.log.info(
                "%s: %s", session.account, ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
            )
            is_new = any(
                counts.get(name)
                for name in (
                    *("deals_failed", "contacts_failed", "funnels_failed", "employees_failed"),
                    *("user_fields_failed", "deals_differing", "deals_unseen", "deals_lost"),
                    *("funnels_differing", "employees_differing", "contacts_differing"),
                    *("user_fields_differing", "deletions_refused"),
                )
            )
            return [
                describe_problem(each) for each in certificates if is_new and each.account == session.account
            ]


def _for_each(
    operator: AccountsOperator, work: Callable[[UploadSession], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Work on each account of an operator; failures are raised at the end."""

    def upload(conn_id: str) -> dict[str, Any] | None:
        with upload_session(conn_id, operator.postgres_conn_id) as session:
            if session is None:
                return None
            outcome = work(session)
            operator.log.info("%s: %s", conn_id, outcome)
            return outcome

    with AccountBatch(operator.log, seconds=NIGHT_SECONDS) as batch:
        outcomes = batch.run(operator.accounts, upload)
    return {conn_id: outcome for conn_id, outcome in outcomes.items() if outcome is not None}


def _moment(given: str | None, session: UploadSession) -> datetime | None:
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(str(given).strip())
    except ValueError:
        raise SinceError(given) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=session.settings.zone)).astimezone(UTC)
