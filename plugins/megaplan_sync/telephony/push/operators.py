"""Operators of ``megaplan_calls_push``: the first push, resending, pushing, and waiting for recordings."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped
from psycopg import Connection

from megaplan_sync.kernel.account_batch import AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.accounts import chosen_accounts
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import OUR_ERRORS
from megaplan_sync.kernel.lineage import megaplan_uri, record_lineage, uis_uri
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.telephony.push.account_push import AccountPush
from megaplan_sync.telephony.push.exceptions import CallNumberError, UnknownCallsError
from megaplan_sync.telephony.push.outbox import Outbox
from megaplan_sync.telephony.push.outbox_trigger import OutboxDueTrigger
from megaplan_sync.telephony.session import TelephonySession, telephony_session

PUSH_SECONDS = 60.0
"""How long a task works on its accounts: the next task begins when all are done, and a run every few minutes."""


class PushNewCallsOperator(RawDatabaseOperator):
    """Prepares the tables, then delivers the history of the newest calls: one batch per account.

    It is the first task, so a new call waits neither for task mapping nor for the request budget. Whatever it
    leaves, errors of an account included, is handled by the next tasks. If nothing at all is waiting, a run that
    nobody has started by hand ends here: all other tasks are skipped without being started.

    :param accounts: connection ids; all of the Variable ``megaplan_accounts`` if empty
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(self, *, accounts: Collection[str] | str = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts

    def execute(self, context: Context) -> int:
        """Return how many calls were due."""
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            prepare_raw_schema(connection)
            prepare_telephony_schema(connection)
            row = connection.execute(read_sql("select_whether_calls_wait")).fetchone()
        if row == (False,) and context["dag_run"].run_type != "manual":
            self.log.info("Nothing is waiting: no calls, no recordings, no deliveries")
            others = sorted(self.get_flat_relative_ids(upstream=False))
            raise DownstreamTasksSkipped(tasks=others)  # type: ignore[no-untyped-call]
        with airflow_errors():
            accounts = chosen_accounts(self.accounts or ())
        batch = AccountBatch(self.log, seconds=PUSH_SECONDS)

        def push_first_batch(conn_id: str) -> int:
            try:
                with telephony_session(conn_id, self.postgres_conn_id, seconds=batch.seconds_left) as session:
                    return 0 if session is None else _push_of(session).push_first_batch()
            except OUR_ERRORS as error:  # push_calls reports it again, and fails
                self.log.warning("%s: %s", conn_id, error)
                return 0

        with batch:
            return sum(batch.run(accounts, push_first_batch).values())


class ResendCallsOperator(RawDatabaseOperator):
    """Restarts failed calls, or the given ones; Megaplan is asked what it has before anything is sent.

    :param accounts: batches of connection ids
    :param resend: call session ids of UIS, as a list or as a text
    :param resend_failed: whether to restart everything that has failed
    """

    template_fields: Sequence[str] = ("accounts", "resend", "resend_failed")

    def __init__(
        self,
        *,
        accounts: Any,
        resend: Collection[int | str] | int | str | None = (),
        resend_failed: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.resend = resend
        self.resend_failed = resend_failed

    def execute(self, context: Context) -> list[int]:
        """Return the calls that were restarted."""
        restarted: set[int] = set()
        with airflow_errors():
            named = _call_numbers(self.resend or ())
            if not named and not self.resend_failed:
                return []
            with raw_database(self.postgres_conn_id, DurableSession) as connection:
                for conn_id in (each for batch in self.accounts for each in batch):
                    outbox = Outbox(connection, account_hook(conn_id).settings, lease_seconds=0)
                    if named:
                        restarted |= outbox.resend(named)
                    if self.resend_failed:
                        restarted |= outbox.resend(None)
            if unknown := sorted(named - restarted):
                raise UnknownCallsError(unknown)
        shown = ", ".join(map(str, sorted(restarted)[:50]))
        self.log.info("%d calls are sent again: %s", len(restarted), shown)
        return sorted(restarted)


class PushCallsOperator(AccountsOperator):
    """Delivers everything that is due; an account that fails does not stop the others."""

    def execute(self, context: Context) -> dict[str, dict[str, int]]:
        """Return the counts of each account."""
        with AccountBatch(self.log, seconds=PUSH_SECONDS) as batch:
            outcomes = batch.run(self.accounts, lambda conn_id: self._push(conn_id, batch.seconds_left))
        return {conn_id: counts for conn_id, counts in outcomes.items() if counts is not None}

    def _push(self, conn_id: str, seconds: float) -> dict[str, int] | None:
        with telephony_session(conn_id, self.postgres_conn_id, seconds=seconds) as session:
            if session is None:
                return None
            counts = _push_of(session).run()
            source = uis_uri(str(session.megaplan.settings.uis_conn_id), "calls")
            record_lineage(self, source, megaplan_uri(session.account, "calls"))
            shown = (f"{name.replace('_', ' ')} {number}" for name, number in counts.items() if number)
            self.log.info("%s: %s", conn_id, ", ".join(shown))
            return counts


class RecordingSensor(RawDatabaseOperator, BaseSensorOperator):
    """Waits until the recording of a call can be played, or anything else in the outbox is due.

    Checks the recordings that are due (status, type, size), then defers until the next one is. Succeeds as soon as
    there is something to push, and is skipped if nothing will be due within ``max_wait_seconds``: all due times are
    in the outbox, so a later run continues.

    :param accounts: batches of connection ids
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(
        self,
        *,
        accounts: Any,
        max_wait_seconds: float = 240.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.max_wait_seconds = max_wait_seconds

    def execute(self, context: Context) -> int:
        """Check, and defer if there is nothing to push yet; return how many calls became ready."""
        if self.accounts is None:  # it runs although the task that chooses them has failed
            raise AirflowSkipException("The accounts were not chosen, because an earlier task has failed")
        return self._check_or_defer(time.time() + self.max_wait_seconds)

    def resume(self, context: Context, event: dict[str, Any] | None) -> int:
        """Continue after the trigger has fired.

        :param event: from :class:`OutboxDueTrigger`; it also says when to give up, since ``airflow dags test`` passes
            a resumed task nothing else
        """
        if not event or not {"reason", "until"} <= event.keys():
            raise ValueError(f"the trigger sent {event!r}")
        if event["reason"] == "events":
            return 0
        return self._check_or_defer(float(event["until"]))

    def _check_or_defer(self, until: float) -> int:
        accounts: list[str] = []

        def check(conn_id: str) -> int:
            try:
                with telephony_session(conn_id, self.postgres_conn_id, seconds=PUSH_SECONDS) as session:
                    if session is None:
                        return 0
                    accounts.append(session.account)
                    return _push_of(session).check_recordings()
            except OUR_ERRORS as error:  # push_the_rest fails with it; the other accounts continue
                self.log.error("%s: %s", conn_id, error)
                return 0

        with AccountBatch(self.log, seconds=PUSH_SECONDS) as batch:
            conn_ids = [conn_id for several in self.accounts for conn_id in several]
            ready = sum(batch.run(conn_ids, check).values())
        if not accounts:
            raise AirflowSkipException("No account has telephony_active")
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            due = _seconds_until_due(connection, accounts)
        if ready or (due is not None and due <= 0):
            return ready
        if due is None or time.time() + due > until:
            raise AirflowSkipException("Nothing else is due soon; later runs continue")
        self.defer(
            trigger=OutboxDueTrigger(self.postgres_conn_id, accounts, until),
            method_name="resume",
        )


def _push_of(session: TelephonySession) -> AccountPush:
    return AccountPush(session.megaplan, session.connection, session.uis.settings)


def _call_numbers(given: Collection[int | str] | int | str) -> set[int]:
    """Return the numbers of a list, of a text with spaces or commas between them, or a single one.

    A text such as ``7, 8`` arrives as a tuple, since templates are rendered as native objects.
    """
    entries = re.findall(r"[^\s,;]+", given) if isinstance(given, str) else given
    if isinstance(entries, int):
        entries = [entries]
    try:
        return {int(str(entry)) for entry in entries}
    except (TypeError, ValueError):
        raise CallNumberError(given) from None


def _seconds_until_due(connection: Connection[Any], accounts: list[str]) -> float | None:
    row = connection.execute(read_sql("select_next_delivery"), {"accounts": accounts}).fetchone()
    return None if row is None or row[0] is None else float(row[0])
