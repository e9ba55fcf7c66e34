"""The nightly reconciliation of calls: compares UIS's report, the outbox and Megaplan, and repairs differences.

The report is stored in the inbox first, so calls whose events never arrived are derived and delivered like all
others. Then Megaplan's list of calls is compared with the outbox. Whatever Megaplan lacks becomes due in the
outbox, and a push delivers it; this module does not write to Megaplan.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg

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
from megaplan_sync.kernel.exceptions import PAUSES, MegaplanSyncError, WorkPausedError
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.night_budget import NightBudget
from megaplan_sync.kernel.postgres_errors import explained, is_lost
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call_table import drain
from megaplan_sync.telephony.night.call_comparison import (
    Card,
    Differences,
    compare,
    due_in_seconds,
    has_failed,
    is_complete,
    is_delivered,
    waits_for_recording,
    without_its_object,
)
from megaplan_sync.telephony.night.call_days import DateRange, ranges_to_compare
from megaplan_sync.telephony.night.calls_in_megaplan import CallsInMegaplan
from megaplan_sync.telephony.push.account_push import AccountPush
from megaplan_sync.telephony.push.delivery import STAGES, Delivery
from megaplan_sync.telephony.push.exceptions import NoTelephonyUsersError
from megaplan_sync.telephony.push.outbox import Outbox
from megaplan_sync.telephony.push.retry_schedule import RetrySchedule
from megaplan_sync.telephony.session import TelephonySession
from uis_hook.reports import calls_report

log = logging.getLogger(__name__)

MAX_PUSHES = 20
MAX_WAIT_SECONDS = 300.0
"""How long the pushes of one night wait for calls that are due later; ``megaplan_calls_push`` delivers the rest."""
_MAX_LISTED = 10
_CONTINUES = "The push delivers what is open, and the next night compares these days again."
_ACCOUNT_ERRORS = (MegaplanAuthError, MegaplanSettingError, NoTelephonyUsersError)


@dataclass
class ComparisonCounts:
    """What was compared, for the certificate.

    :param expected: calls that Megaplan must have
    :param unmapped: calls of employees who are not among the users of Megaplan's telephony
    """

    expected: int = 0
    unmapped: int = 0
    is_compared: bool = False


class CallReconciliation:
    """The reconciliation of one account's calls by one run.

    :param session: of the account
    :param run_id: a retry of the same run continues with its findings
    :param depth: only recorded; calls are always compared in the same way
    :param since: first day to compare; None for everything since the last completed night
    :param now: returns the current time
    :param sleep: waits for the given number of seconds
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
        self._hook.budget = NightBudget(self._account, self._hook.budget, left)
        self._outbox = Outbox(self._connection, self._hook.settings, lease_seconds=0)
        self._reported: set[int] = set()
        self._push = AccountPush(
            self._hook, self._connection, session.uis.settings, schedule=self._schedule, sleep=sleep
        )

    def run(self) -> Certificate:
        """Compare, repair, and store a certificate.

        :returns: the stored certificate
        :raises Exception: the calls could not be compared; the certificate has the reason
        """
        state, counts = self._state, ComparisonCounts()
        if state.finished_at is not None and not state.is_proven:
            self._findings.reopen()  # the task was cleared or is retried
        state.begin_counting_requests(self._hook.requests_sent)
        began = time.monotonic()
        reasons: list[str] = []
        failure: Exception | None = None
        verdict = None
        try:
            reasons = self._reconcile(counts)
        except PAUSES as error:
            verdict, reasons = "partial", [f"{error} {_CONTINUES}"]
        except Exception as error:
            if is_lost(error):
                raise
            failure = explained(error)
            verdict, reasons = "stopped", [str(failure)]
        finally:
            state.count_requests(self._hook.requests_sent)
            state.seconds += time.monotonic() - began
            with suppress(psycopg.Error):  # if the database is lost, another error is already being raised
                state.save(self._connection)
        certificate = self._certify(counts, verdict, reasons)
        if failure is not None:
            raise failure
        return certificate

    def _reconcile(self, counts: ComparisonCounts) -> list[str]:
        """Compare and repair; return sentences for the certificate."""
        started_at = self._now()
        date_ranges = ranges_to_compare(
            self._connection, self._account, self._hook.settings.zone, started_at, self._since
        )
        delivered_before = {call.call_session_id for call in self._calls(date_ranges) if is_delivered(call)}
        self._store_report(date_ranges)
        known = self._calls(date_ranges)
        calls = [call for call in known if call.has_employee]
        counts.expected, counts.unmapped = len(calls), len(known) - len(calls)
        missing = [call.call_session_id for call in calls if call.call_session_id not in delivered_before]
        self._findings.note("missing", [RowKey(number) for number in missing])
        found, seconds = self._read_megaplan(calls)
        calls = self._outbox.read([call.call_session_id for call in calls])
        unread_seconds = seconds + self._schedule.read_lag_seconds
        differences = compare(calls, found, self._hook.settings, unread_seconds)
        self._confirm_absent(calls, differences)
        self._save_findings(differences)
        self._requeue(calls, differences)
        counts.is_compared = True
        self._state.watermark = started_at if self._since is None else None
        reasons = []
        try:
            self._push_until_settled(date_ranges)
        except PAUSES as error:
            reasons = [f"{error} {_CONTINUES}"]
        reasons += self._settle(date_ranges, differences)
        if counts.unmapped:
            reasons.append(
                f"{counts.unmapped} calls of employees who are not among the users of Megaplan's telephony are not "
                "delivered; see telephony.mismatches."
            )
        return reasons

    def _calls(self, date_ranges: Sequence[DateRange]) -> list[Delivery]:
        parameters = {
            "account": self._account,
            "starts": [date_range.start for date_range in date_ranges],
            "ends": [date_range.end for date_range in date_ranges],
        }
        found = self._connection.execute(read_sql("select_calls_to_compare"), parameters).fetchall()
        self._reported = {number for number, is_reported in found if is_reported}
        return self._outbox.read([number for number, _ in found])

    def _store_report(self, date_ranges: Sequence[DateRange]) -> None:
        """Store the report in the inbox, and derive calls from it."""
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
        for _ in drain(
            self._connection, self._account, region=self._hook.settings.vendor_quirks.default_phone_region
        ):
            pass
        log.info("%s: the report of UIS has %d calls, %d rows are new", self._account, rows, new)

    def _read_megaplan(self, calls: Sequence[Delivery]) -> tuple[Mapping[str, Sequence[Card]], float]:
        """Return calls by ``providerId``, and how many seconds the read took."""
        began = time.monotonic()
        if not calls:
            return {}, 0.0
        ids = [call.call_info_id for call in calls if call.call_info_id is not None]
        found: Mapping[str, Sequence[Card]] = {}
        try:
            found = CallsInMegaplan(self._hook, self._connection, self._outbox).read(ids)
        except (MegaplanForbiddenError, MegaplanNotFoundError, MegaplanValidationError) as refusal:
            log.warning(
                "%s: Megaplan refuses its list of calls (%s); each is requested", self._account, refusal
            )
        return found, time.monotonic() - began

    def _confirm_absent(self, calls: Sequence[Delivery], differences: Differences) -> None:
        """Request each call that is missing from the list: it is sent again only if Megaplan does not have it."""
        megaplan = CallsInMegaplan(self._hook, self._connection, self._outbox)
        by_number = {call.call_session_id: call for call in calls}
        absent, differences.absent = differences.absent, []
        for number in absent:
            card = megaplan.find(str(number))
            cards: dict[str, list[Card]] = {} if card is None else {str(number): [card]}
            again = compare([by_number[number]], cards, self._hook.settings, 0.0)
            differences.absent += again.absent
            differences.changed |= again.changed

    def _save_findings(self, differences: Differences) -> None:
        self._findings.note("missing", [RowKey(number) for number in differences.absent])
        self._findings.note("stale", [RowKey(number) for number in differences.changed])
        for number, ids in differences.duplicates.items():
            copies = [RowKey(number, copy) for copy in range(1, len(ids))]
            self._findings.note("extra", copies, evidence={"ids": ids})

    def _requeue(self, calls: Sequence[Delivery], differences: Differences) -> None:
        """Plan the calls again by what Megaplan has; waits for calls that a push has claimed."""
        left = {
            call.call_session_id: without_its_object(call)
            for call in calls
            if call.call_session_id in differences.absent
        } | differences.changed
        read = {number: call.stages for number, call in left.items()}
        until = time.monotonic() + self._schedule.lease_seconds
        while left and time.monotonic() < until:
            stored = self._outbox.plan(left.values())
            left = {number: call for number, call in left.items() if number not in stored}
            # a call that was delivered again in the meantime is left to the next night
            for call in self._outbox.read(left):
                if any(
                    call.stage(stage).version != read[call.call_session_id][stage].version for stage in STAGES
                ):
                    del left[call.call_session_id]
            if left:
                self._sleep(1.0)
        for number, call_info_id in differences.unknown.items():
            self._connection.execute(
                read_sql("adopt_call_info"),
                {"account": self._account, "call_session_id": number, "call_info_id": call_info_id},
            )

    def _push_until_settled(self, date_ranges: Sequence[DateRange]) -> None:
        """Push, despite temporary errors, until nothing is open, or what is open is due too late."""
        seconds_left = MAX_WAIT_SECONDS
        for _ in range(MAX_PUSHES):
            try:
                self._push.run()
            except (*_ACCOUNT_ERRORS, WorkPausedError):
                raise
            except (MegaplanError, MegaplanSyncError) as error:
                log.warning("%s: %s", self._account, error)
            waits = [due_in_seconds(call) for call in self._open(date_ranges)]
            wait = max(min(waits, default=0), 1.0)
            if not waits or wait > seconds_left:
                return
            seconds_left -= wait
            self._sleep(wait)

    def _open(self, date_ranges: Sequence[DateRange]) -> list[Delivery]:
        return [
            call
            for call in self._calls(date_ranges)
            if call.has_employee and not is_complete(call) and not has_failed(call)
        ]

    def _settle(self, date_ranges: Sequence[DateRange], differences: Differences) -> list[str]:
        """Record which findings are repaired; return sentences for the certificate."""
        ours = [call for call in self._calls(date_ranges) if call.has_employee]
        incomplete = [call for call in ours if not is_complete(call)]
        self._findings.note("missing", [RowKey(c.call_session_id) for c in incomplete if not is_delivered(c)])
        self._findings.note("stale", [RowKey(c.call_session_id) for c in incomplete if is_delivered(c)])
        open_ = {found.id for found in self._findings.waiting_for_resolution("missing", "stale")}
        self._findings.resolve(open_ - {call.call_session_id for call in incomplete}, "repaired")
        reasons = [
            f"Call {call.call_session_id} ({_states(call)}): {_last_error(call) or 'not delivered yet'}."
            for call in incomplete[:_MAX_LISTED]
        ]
        if len(incomplete) > _MAX_LISTED:
            reasons.append(
                f"{len(incomplete) - _MAX_LISTED} more calls: see telephony.call_delivery_states.last_error."
            )
        reasons += [
            f"Megaplan has call {number} {len(ids)} times (CallInfo {', '.join(ids)}): its API cannot delete calls, "
            "so delete all but one by hand."
            for number, ids in list(differences.duplicates.items())[:_MAX_LISTED]
        ]
        if waiting := sum(waits_for_recording(call) for call in ours):
            reasons.append(f"Recordings of {waiting} calls cannot be played yet; the push keeps checking.")
        if unreported := sum(call.call_session_id not in self._reported for call in ours):
            reasons.append(
                f"{unreported} calls are known only from notifications: UIS's report does not have them."
            )
        return reasons

    def _certify(self, counts: ComparisonCounts, verdict: Any, reasons: list[str]) -> Certificate:
        state, findings = self._state, self._findings.counts()
        state.verdict = verdict or ("unresolved" if findings.unresolved else "proven")
        state.reason = " ".join(reasons) or None
        state.finished_at = datetime.now(UTC)
        certificate = Certificate.of_calls(state, findings, counts.expected if counts.is_compared else None)
        with self._connection.transaction():
            state.save(self._connection)
            save_certificates(
                self._connection, self._run_id, self._hook.settings.account_timezone, [certificate]
            )
        return certificate


def _states(call: Delivery) -> str:
    return ", ".join(f"{stage} {call.stage(stage).state}" for stage in STAGES)


def _last_error(call: Delivery) -> str | None:
    return next((error for stage in reversed(STAGES) if (error := call.stage(stage).error)), None)
