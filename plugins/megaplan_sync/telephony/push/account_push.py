"""One account's push: from the inbox through the ledger into Megaplan, until nothing more is due."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.exceptions import MegaplanSyncError
from megaplan_sync.telephony.calls.call_table import drain
from megaplan_sync.telephony.push.claimed_budget import ClaimedBudget
from megaplan_sync.telephony.push.client_lookup import Clients
from megaplan_sync.telephony.push.communication_stage import CallCommunications
from megaplan_sync.telephony.push.exceptions import NoTelephonyUsersError, is_ambiguous
from megaplan_sync.telephony.push.history_stage import CallHistory
from megaplan_sync.telephony.push.outbox import Ledger
from megaplan_sync.telephony.push.recording_check import RecordCheck
from megaplan_sync.telephony.push.recording_stage import CallRecordings
from megaplan_sync.telephony.push.retry_schedule import Pace
from megaplan_sync.telephony.push.stage_context import PushTools
from megaplan_sync.telephony.push.todo_directories import TodoDirectories
from uis_hook.settings import UisSettings

log = logging.getLogger(__name__)

DERIVED_AT_ONCE = 500
MOST_PARKED_TOLD = 20
TROUBLES_IN_A_ROW = 3
"""So many requests failing one after another mean that Megaplan is down, not that one answer was lost."""


class AccountPush:
    """Delivers the finished calls of one account.

    Several may work on one account at once, in any processes: each call is handled by one of them at a time.

    :param hook: its budget is the account's
    :param connection: to the database, in autocommit mode
    :param uis: settings of the cabinet whose recordings are passed on
    :param sleep: waits so many seconds
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        uis: UisSettings,
        *,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        pace = pace or Pace.of(hook.settings)
        self._connection = connection
        self._ledger = Ledger(connection, hook.account, pace.lease_seconds)
        self._budget = ClaimedBudget(hook.budget, self._ledger.renew)
        hook.budget = self._budget
        self._tools = PushTools(hook, self._ledger, Clients(connection, hook), pace, sleep)
        self._history = CallHistory(self._tools)
        self._recordings = CallRecordings(self._tools, lambda: RecordCheck(uis))
        self._communications = CallCommunications(self._tools, TodoDirectories(connection, hook))

    def run(self) -> dict[str, int]:
        """Derive calls from new events and deliver until nothing is due; return counts.

        Trouble with one request keeps neither the next ones nor the other stages from what is due; it is raised at
        the end. Only what comes three times running, or tells of the account, ends a stage.

        :raises NoTelephonyUsersError: calls wait, and employees were never matched
        :raises MegaplanError: Megaplan cannot be worked with now
        """
        counts = self._tools.counts
        for derived in drain(self._connection, self._ledger.account, DERIVED_AT_ONCE):
            self._tools.count("derived", len(derived))
        self._tools.count("opened", self._ledger.open())
        troubles: list[Exception] = []
        try:
            if self._ledger.has_users():
                for push_batch in (
                    self._history.push_batch,
                    self._recordings.push_batch,
                    self._communications.push_batch,
                ):
                    troubles += self._drain(push_batch)
            elif self._ledger.claim("history", 1):
                raise NoTelephonyUsersError(self._ledger.account)
        except MegaplanSyncError:
            self._ledger.release()
            raise
        finally:
            self._recordings.close()
            counts["requests"] = self._budget.requests
        # after an error that nobody foresaw claims are left to run out: a request may still be on its way
        self._ledger.release()
        self._tell_parked()
        if troubles:
            raise troubles[0]
        return counts

    def begin(self) -> int:
        """Deliver the history of one batch of calls, if that needs no wait for the budget; return how many were due.

        :raises MegaplanError: Megaplan cannot be worked with now
        """
        for _ in drain(self._connection, self._ledger.account, DERIVED_AT_ONCE):
            pass
        self._ledger.open()
        if not self._ledger.has_users() or self._budget.remaining() == 0:
            return 0
        try:
            return self._history.push_batch()
        finally:
            self._ledger.release()

    def _drain(self, push_batch: Callable[[], int]) -> list[Exception]:
        """Call a stage until nothing of it is due; return what went wrong."""
        troubles: list[Exception] = []
        in_a_row = 0
        while in_a_row < TROUBLES_IN_A_ROW:
            try:
                if not push_batch():
                    break
                in_a_row = 0
            except (MegaplanError, MegaplanSyncError) as error:
                log.warning("%s: %s", self._ledger.account, error)
                troubles.append(error)
                if not (isinstance(error, MegaplanError) and is_ambiguous(error)):
                    break
                in_a_row += 1
                self._ledger.release()  # the rest of that batch is for the next one
        return troubles

    def look_for_recordings(self) -> int:
        """Look at the recordings that are due, set nothing; return how many calls became ready."""
        try:
            while self._recordings.look_at_batch():
                pass
        finally:
            self._recordings.close()
        self._ledger.release()
        return self._tools.counts.get("recording_ready", 0)

    def _tell_parked(self) -> None:
        for number, history, recording, communication, told in self._ledger.parked(MOST_PARKED_TOLD):
            log.warning(
                "%s: call %s is parked (history %s, recording %s, communication %s): %s",
                *(self._ledger.account, number, history, recording, communication, told),
            )
