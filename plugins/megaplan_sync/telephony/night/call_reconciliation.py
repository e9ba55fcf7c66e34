"""The night of calls: UIS's report, the outbox and Megaplan's calls are compared, what differs is done anew.

The report goes into the inbox first, as events do, so what never arrived is derived and delivered like anything
else. Then Megaplan's list of calls is held against the outbox. Whatever Megaplan lacks becomes due in the outbox, and
a push delivers it: nothing here writes to Megaplan.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanError,
    MegaplanForbiddenError,
    MegaplanNotFoundError,
    MegaplanSettingError,
    MegaplanValidationError,
)
from megaplan_sync.inbox.event_store import store_report_rows
from megaplan_sync.kernel.certificate import CALLS, Certificate, save_certificates
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import MegaplanSyncError
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.night_budget import NightBudget, NightBudgetSpentError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call_table import drain
from megaplan_sync.telephony.night.call_comparison import Card, ComparedCall, Differences, compare
from megaplan_sync.telephony.night.call_days import DateRange, ranges_to_compare
from megaplan_sync.telephony.night.calls_in_megaplan import CallsInMegaplan
from megaplan_sync.telephony.push.account_push import AccountPush
from megaplan_sync.telephony.push.exceptions import NoTelephonyUsersError
from megaplan_sync.telephony.push.outbox import Outbox
from megaplan_sync.telephony.push.retry_schedule import RetrySchedule
from megaplan_sync.telephony.session import TelephonySession
from uis_hook.reports import calls_report

log = logging.getLogger(__name__)

MOST_PUSHES = 20
PATIENCE_SECONDS = 300.0
"""So long the pushes of one night wait for what is due later; the DAG of the push goes on with the rest."""
_MOST_TOLD = 10
_SPENT = (
    "The night's requests (setting night_requests) are spent: the push delivers what is open, and the next night "
    "compares these days again."
)
_TELLS_OF_THE_ACCOUNT = (MegaplanAuthError, MegaplanSettingError, NoTelephonyUsersError)


@dataclass
class ComparisonCounts:
    """What was compared, for the certificate.

    :param expected: calls that Megaplan must have
    :param strangers: calls of employees whom Megaplan does not know to telephone
    """

    expected: int = 0
    strangers: int = 0
    is_compared: bool = False


class CallReconciliation:
    """The comparison of one account's calls by one run.

    :param session: both sides of the account
    :param run_id: a retry of the same run goes on with what it has found
    :param depth: only noted, calls are compared in one way
    :param since: first day to compare; None: as far back as the nights have left something to compare
    :param now: what time it is
    :param sleep: waits so many seconds
    """

    def __init__(
        self,
        session: TelephonySession,
        *,
        run_id: str,
        depth: str = "full",
        since: date | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = session
        self._connection = session.connection
        self._hook = session.megaplan
        self._account = session.account
        self._run_id = run_id
        self._since = since
        self._now = now
        self._sleep = sleep
        self._schedule = RetrySchedule.of_account(self._hook.settings)
        self._state = EntityRun.begin(
            self._connection, run_id, self._account, CALLS, depth, statement="begin_call_comparison"
        )
        self._findings = Findings(self._connection, run_id, self._account, CALLS)
        left = max(self._hook.settings.night_requests - self._state.requests, 0)
        self._hook.budget = NightBudget(self._hook.budget, left)
        self._outbox = Outbox(self._connection, self._account, lease_seconds=0)
        self._push = AccountPush(
            self._hook, self._connection, session.uis.settings, schedule=self._schedule, sleep=sleep
        )

    def run(self) -> Certificate:
        """Compare, repair and certify.

        :returns: the certificate, which is stored
        :raises Exception: calls could not be compared; the certificate says so
        """
        state, night = self._state, ComparisonCounts()
        if state.finished_at is not None and not state.is_proven:
            self._findings.reopen()  # the task was cleared, or is retried
        state.begin_counting_requests(self._hook.requests_sent)
        began = time.monotonic()
        told: list[str] = []
        failure: Exception | None = None
        verdict = None
        try:
            told = self._reconcile(night)
        except NightBudgetSpentError:
            verdict, told = "partial", [_SPENT]
        except psycopg.Error:
            raise
        except Exception as error:
            verdict, told, failure = "stopped", [str(error)], error
        finally:
            state.count_requests(self._hook.requests_sent)
            state.seconds += time.monotonic() - began
            with suppress(psycopg.Error):  # a lost database is told by the error that is on its way
                state.save(self._connection)
        certificate = self._certify(night, verdict, told)
        if failure is not None:
            raise failure
        return certificate

    def _reconcile(self, night: ComparisonCounts) -> list[str]:
        """Return what is to be said of it."""
        asked_at = self._now()
        date_ranges = ranges_to_compare(
            self._connection, self._account, self._hook.settings.zone, asked_at, self._since
        )
        there_before = {call.call_session_id for call in self._calls(date_ranges) if call.is_there}
        self._store_report(date_ranges)
        known = self._calls(date_ranges)
        calls = [call for call in known if call.has_employee]
        night.expected, night.strangers = len(calls), len(known) - len(calls)
        missing = [call.call_session_id for call in calls if call.call_session_id not in there_before]
        self._findings.note("missing", [RowKey(number) for number in missing])
        found, read_at = self._read_megaplan(calls)
        written_before = read_at - timedelta(seconds=self._schedule.read_lag_seconds)
        differences = compare(calls, found, written_before)
        self._confirm(calls, differences)
        self._note(differences)
        self._make_due(calls, differences)
        night.is_compared = True
        self._state.watermark = asked_at if self._since is None else None
        spent = []
        try:
            self._push_until_settled(date_ranges)
        except NightBudgetSpentError:
            spent = [_SPENT]
        return [*spent, *self._settle(date_ranges, differences), *_told_of(night)]

    def _calls(self, date_ranges: Sequence[DateRange]) -> list[ComparedCall]:
        asked = {
            "account": self._account,
            "starts": [date_range.start for date_range in date_ranges],
            "ends": [date_range.end for date_range in date_ranges],
        }
        with self._connection.cursor(row_factory=class_row(ComparedCall)) as cursor:
            return cursor.execute(read_sql("select_calls_to_compare"), asked).fetchall()

    def _store_report(self, date_ranges: Sequence[DateRange]) -> None:
        """Let the report's rows be events of their calls."""
        uis = self._session.uis
        rows = new = 0
        for date_range in date_ranges:
            for page in uis.pages(calls_report(uis.settings, date_range.start, date_range.end)):
                stored = store_report_rows(
                    self._connection,
                    self._account,
                    page.rows,
                    zone=uis.settings.zone,
                    records_url=uis.settings.records_url,
                )
                rows, new = rows + len(stored), new + sum(event.is_new for event in stored)
        for _ in drain(self._connection, self._account):
            pass
        log.info("%s: UIS reports %d calls, %d rows say something new", self._account, rows, new)

    def _read_megaplan(self, calls: Sequence[ComparedCall]) -> tuple[Mapping[str, Sequence[Card]], datetime]:
        """Return calls by ``providerId``, and when reading them began, by the clock of Postgres."""
        row = self._connection.execute(read_sql("select_clock")).fetchone()
        read_at: datetime = row[0] if row else self._now()
        if not calls:
            return {}, read_at
        ids = [call.call_info_id for call in calls if call.call_info_id is not None]
        try:
            return CallsInMegaplan(self._hook, self._connection, self._outbox).read(ids), read_at
        except (MegaplanForbiddenError, MegaplanNotFoundError, MegaplanValidationError) as refusal:
            log.warning(
                "%s: Megaplan does not list its calls (%s); each is asked for", self._account, refusal
            )
            return {}, read_at

    def _confirm(self, calls: Sequence[ComparedCall], differences: Differences) -> None:
        """Ask for each call that the list does not have: only what Megaplan itself denies is sent again."""
        megaplan = CallsInMegaplan(self._hook, self._connection, self._outbox)
        by_number = {call.call_session_id: call for call in calls}
        absent, differences.absent = differences.absent, []
        for number in absent:
            card = megaplan.look(str(number))
            cards: dict[str, list[Card]] = {} if card is None else {str(number): [card]}
            again = compare([by_number[number]], cards, datetime.max.replace(tzinfo=UTC))
            differences.absent += again.absent
            differences.changed += again.changed
            differences.recordless += again.recordless

    def _note(self, differences: Differences) -> None:
        self._findings.note("missing", [RowKey(number) for number in differences.absent])
        stale = [*differences.changed, *differences.recordless]
        self._findings.note("stale", [RowKey(number) for number in stale])
        for number, ids in differences.doubled.items():
            copies = [RowKey(number, copy) for copy in range(1, len(ids))]
            self._findings.note("extra", copies, evidence={"ids": ids})

    def _make_due(self, calls: Sequence[ComparedCall], differences: Differences) -> None:
        """Let the outbox know; what a push is just at is waited for."""
        ids = {call.call_session_id: call.call_info_id for call in calls}
        for difference, numbers in differences.by_kind().items():
            left = set(numbers)
            until = time.monotonic() + self._schedule.lease_seconds
            while left and time.monotonic() < until:
                asked = {
                    "account": self._account,
                    "difference": difference,
                    "call_session_ids": sorted(left),
                    "call_info_ids": [ids[number] for number in sorted(left)],
                }
                left = {
                    number for (number,) in self._connection.execute(read_sql("requeue_deliveries"), asked)
                }
                if left:
                    self._sleep(1.0)
        for number, call_info_id in differences.unknown.items():
            self._connection.execute(
                read_sql("adopt_call_info"),
                {"account": self._account, "call_session_id": number, "call_info_id": call_info_id},
            )

    def _push_until_settled(self, date_ranges: Sequence[DateRange]) -> None:
        """Deliver, over passing trouble, until nothing is open, or not for a while."""
        patience = PATIENCE_SECONDS
        for _ in range(MOST_PUSHES):
            try:
                self._push.run()
            except _TELLS_OF_THE_ACCOUNT:
                raise
            except (MegaplanError, MegaplanSyncError) as error:
                log.warning("%s: %s", self._account, error)
            waits = [call.due_in_seconds for call in self._open(date_ranges)]
            wait = max(min(waits, default=0), 1.0)
            if not waits or wait > patience:
                return
            patience -= wait
            self._sleep(wait)

    def _open(self, date_ranges: Sequence[DateRange]) -> list[ComparedCall]:
        return [
            call
            for call in self._calls(date_ranges)
            if call.has_employee and not call.is_complete and not call.is_parked
        ]

    def _settle(self, date_ranges: Sequence[DateRange], differences: Differences) -> list[str]:
        """Note what is repaired and what is not; return what is to be said."""
        ours = [call for call in self._calls(date_ranges) if call.has_employee]
        wanting = [call for call in ours if not call.is_complete]
        self._findings.note("missing", [RowKey(c.call_session_id) for c in wanting if not c.is_there])
        self._findings.note("stale", [RowKey(c.call_session_id) for c in wanting if c.is_there])
        open_ = {found.id for found in self._findings.waiting_for_resolution("missing", "stale")}
        self._findings.resolve(open_ - {call.call_session_id for call in wanting}, "repaired")
        told = [
            f"Call {call.call_session_id} (history {call.history}, recording {call.recording}, communication "
            f"{call.communication}): {call.last_error or 'not delivered yet'}."
            for call in wanting[:_MOST_TOLD]
        ]
        if len(wanting) > _MOST_TOLD:
            told.append(
                f"{len(wanting) - _MOST_TOLD} further calls: see telephony.call_deliveries.last_error."
            )
        told += [
            f"Call {number} stands in Megaplan {len(ids)} times (CallInfo {', '.join(ids)}): Megaplan's API "
            "deletes no calls, remove all but one by hand."
            for number, ids in list(differences.doubled.items())[:_MOST_TOLD]
        ]
        if waiting := sum(call.waits_for_recording for call in ours):
            told.append(f"Recordings of {waiting} calls cannot be played yet; the push goes on looking.")
        if unreported := sum(not call.is_reported for call in ours):
            told.append(
                f"{unreported} calls are known by their notifications only: UIS does not report them."
            )
        return told

    def _certify(self, night: ComparisonCounts, verdict: Any, told: list[str]) -> Certificate:
        state, counts = self._state, self._findings.counts()
        state.verdict = verdict or ("unresolved" if counts.unresolved else "proven")
        state.reason = " ".join(told) or None
        state.finished_at = datetime.now(UTC)
        certificate = Certificate.of_calls(state, counts, night.expected if night.is_compared else None)
        with self._connection.transaction():
            state.save(self._connection)
            save_certificates(
                self._connection, self._run_id, self._hook.settings.account_timezone, [certificate]
            )
        return certificate


def _told_of(night: ComparisonCounts) -> list[str]:
    if not night.strangers:
        return []
    return [
        f"{night.strangers} calls of employees who are not among the users of Megaplan's telephony are not told; see "
        "telephony.mismatches."
    ]
