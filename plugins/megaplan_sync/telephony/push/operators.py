"""Operators of ``megaplan_calls_push``: begin, send parked calls again, push, and wait for recordings in between."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSkipException
from psycopg import Connection

from megaplan_sync.kernel.account_failures import AccountFailures
from megaplan_sync.kernel.account_operators import AccountsOperator, RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.accounts import chosen_accounts
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.exceptions import OUR_ERRORS
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.telephony.push.account_push import AccountPush
from megaplan_sync.telephony.push.exceptions import CallNumberError, UnknownCallsError
from megaplan_sync.telephony.push.outbox import Ledger
from megaplan_sync.telephony.push.outbox_trigger import LedgerDueTrigger
from megaplan_sync.telephony.session import telephony_session


class PushNewCallsOperator(RawDatabaseOperator):
    """Prepares the tables, then tells Megaplan of the calls that have just ended: one batch of each account, no more.

    It is the first task so that an idle system loses no time: nothing is mapped, no budget is waited for. What it
    leaves, and whatever goes wrong with an account, is for the tasks behind it.

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
        begun = 0
        with airflow_errors():
            accounts = chosen_accounts(self.accounts or ())
        for conn_id in accounts:
            try:
                with telephony_session(conn_id, self.postgres_conn_id) as session:
                    if session is not None:
                        push = AccountPush(session.megaplan, session.connection, session.uis.settings)
                        begun += push.begin()
            except OUR_ERRORS as error:  # the task that pushes this account tells it again, and fails with it
                self.log.warning("%s: %s", conn_id, error)
        return begun


class ResendCallsOperator(RawDatabaseOperator):
    """Lets calls begin anew that were given up, or any that are named; they are looked for before they are sent.

    :param accounts: connection ids
    :param resend: call session ids of UIS
    :param resend_parked: everything that is parked
    """

    template_fields: Sequence[str] = ("accounts", "resend", "resend_parked")

    def __init__(
        self,
        *,
        accounts: Any,
        resend: Collection[int | str] | str | None = (),
        resend_parked: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.resend = resend
        self.resend_parked = resend_parked

    def execute(self, context: Context) -> list[int]:
        """Return which calls begin anew."""
        begun: set[int] = set()
        with airflow_errors():
            named = _call_numbers(self.resend or ())
            if not named and not self.resend_parked:
                return []
            with raw_database(self.postgres_conn_id) as connection:
                for conn_id in (each for batch in self.accounts for each in batch):
                    ledger = Ledger(connection, account_hook(conn_id).account, lease_seconds=0)
                    if named:
                        begun |= ledger.resend(named)
                    if self.resend_parked:
                        begun |= ledger.resend(None)
            if unknown := sorted(named - begun):
                raise UnknownCallsError(unknown)
        self.log.info("%d calls begin anew: %s", len(begun), ", ".join(map(str, sorted(begun)[:50])))
        return sorted(begun)


class PushCallsOperator(AccountsOperator):
    """Delivers whatever of some accounts is due; one account's failure stops no other."""

    def execute(self, context: Context) -> dict[str, dict[str, int]]:
        """Return the counts of every account."""
        outcomes: dict[str, dict[str, int]] = {}
        with AccountFailures(self.log) as failures:
            for conn_id in self.accounts:
                with failures.catch(conn_id), telephony_session(conn_id, self.postgres_conn_id) as session:
                    if session is None:
                        continue
                    push = AccountPush(session.megaplan, session.connection, session.uis.settings)
                    outcomes[conn_id] = push.run()
                    self.log.info("%s: %s", conn_id, _told(outcomes[conn_id]))
        return outcomes


class RecordingSensor(RawDatabaseOperator, BaseSensorOperator):
    """Waits until the recording of some call can be played, or anything else of the ledger is due.

    Looks at once, then defers: a trigger watches the due times in the ledger, and this looks at links (status, type,
    size) whenever one is due. Succeeds as soon as there is something to push; is skipped when nothing will be within
    ``patience_seconds`` (a later run looks again: all due times are in the ledger).

    :param accounts: batches of connection ids
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(
        self,
        *,
        accounts: Any,
        patience_seconds: float = 240.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
        self.patience_seconds = patience_seconds

    def execute(self, context: Context) -> int:
        """Look, and wait if there is nothing yet; return how many calls became ready."""
        return self._look_or_wait(time.time() + self.patience_seconds)

    def resume(self, context: Context, event: dict[str, Any] | None, until: float) -> int:
        """Go on after a wait.

        :param event: of :class:`LedgerDueTrigger`
        :param until: when patience ends, seconds since 1970
        """
        if not event or "reason" not in event:
            raise ValueError(f"the trigger sent {event!r}")
        if event["reason"] == "events":
            return 0
        return self._look_or_wait(until)

    def _look_or_wait(self, until: float) -> int:
        ready, accounts = 0, []
        for conn_id in (each for batch in self.accounts for each in batch):
            try:
                with telephony_session(conn_id, self.postgres_conn_id) as session:
                    if session is None:
                        continue
                    accounts.append(session.account)
                    push = AccountPush(session.megaplan, session.connection, session.uis.settings)
                    ready += push.look_for_recordings()
            except OUR_ERRORS as error:  # the task that pushes this account fails with it, others need not
                self.log.error("%s: %s", conn_id, error)
        if not accounts:
            raise AirflowSkipException("No account has telephony_active")
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            due = _seconds_until_due(connection, accounts)
        if ready or (due is not None and due <= 0):
            return ready
        if due is None or time.time() + due > until:
            raise AirflowSkipException("Nothing more is due soon; later runs go on")
        self.defer(
            trigger=LedgerDueTrigger(self.postgres_conn_id, accounts, until),
            method_name="resume",
            kwargs={"until": until},
        )


def _call_numbers(given: Collection[int | str] | str) -> set[int]:
    entries = [given] if isinstance(given, str) else given
    try:
        return {int(entry) for entry in entries}
    except (TypeError, ValueError):
        raise CallNumberError(given) from None


def _seconds_until_due(connection: Connection[Any], accounts: list[str]) -> float | None:
    row = connection.execute(read_sql("select_next_delivery"), {"accounts": accounts}).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in counts.items() if number)
