"""The push of one account: from the inbox through the outbox into Megaplan, until nothing is due."""

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
from megaplan_sync.telephony.push.communication_stage import CommunicationStage
from megaplan_sync.telephony.push.exceptions import NoTelephonyUsersError, is_ambiguous
from megaplan_sync.telephony.push.history_stage import HistoryStage
from megaplan_sync.telephony.push.recording_check import RecordingCheck
from megaplan_sync.telephony.push.recording_stage import RecordingStage
from megaplan_sync.telephony.push.retry_schedule import RetrySchedule
from megaplan_sync.telephony.push.stage_context import StageContext
from megaplan_sync.telephony.push.todo_directories import TodoDirectories
from uis_hook.settings import UisSettings

log = logging.getLogger(__name__)

MAX_FAILED_LOGGED = 20
MAX_CONSECUTIVE_FAILURES = 3
"""So many failed requests in a row mean that Megaplan is down, not that one answer was lost."""


class AccountPush:
    """Delivers the finished calls of one account.

    Several pushes may run for one account at once, in any process: each call is handled by one of them at a time.

    :param hook: with the account's request budget
    :param connection: to the database, in autocommit mode
    :param uis: settings of the UIS account that has the recordings
    :param sleep: waits for the given number of seconds
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        uis: UisSettings,
        *,
        schedule: RetrySchedule | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._context = StageContext.for_run(hook, connection, schedule, sleep)
        self._outbox = self._context.outbox
        self._region = hook.settings.vendor_quirks.default_phone_region
        self._history = HistoryStage(self._context)
        self._recordings = RecordingStage(self._context, lambda: RecordingCheck(uis))
        self._communications = CommunicationStage(self._context, TodoDirectories(connection, hook))

    def run(self) -> dict[str, int]:
        """Derive calls from new events and deliver until nothing is due; return counts.

        A failed request does not stop the remaining calls and stages; its error is raised at the end. A stage ends
        early only after several failures in a row, or if the error concerns the whole account.

        :raises NoTelephonyUsersError: calls are waiting, and no employees have been mapped yet
        :raises MegaplanError: a request to Megaplan has failed
        """
        counts = self._context.counts
        for derived in drain(self._connection, self._outbox.account, region=self._region):
            self._context.count("derived", len(derived))
        self._context.count("opened", self._outbox.open())
        errors: list[Exception] = []
        try:
            if self._outbox.has_users():
                for stage in (self._history, self._recordings, self._communications):
                    errors += self._drain(stage.push_batch)
            elif self._outbox.claim("history", 1):
                raise NoTelephonyUsersError(self._outbox.account)
        except MegaplanSyncError:
            self._outbox.release()
            raise
        finally:
            self._recordings.close()
            counts["requests"] = self._context.budget.requests
        # not after an unexpected error: a request may still be in flight, so the claims have to expire
        self._outbox.release()
        self._log_failed()
        if errors:
            raise errors[0]
        return counts

    def push_first_batch(self) -> int:
        """Deliver the history of one batch of calls, unless the budget is used up; return how many were due.

        :raises MegaplanError: a request to Megaplan has failed
        """
        for _ in drain(self._connection, self._outbox.account, region=self._region):
            pass
        self._outbox.open()
        if not self._outbox.has_users() or self._context.budget.remaining() == 0:
            return 0
        try:
            return self._history.push_batch()
        finally:
            self._outbox.release()

    def check_recordings(self) -> int:
        """Check the recordings that are due, without sending links; return how many calls became ready."""
        try:
            while self._recordings.check_batch():
                pass
        finally:
            self._recordings.close()
        self._outbox.release()
        return self._context.counts.get("recording_ready", 0)

    def _drain(self, push_batch: Callable[[], int]) -> list[Exception]:
        """Push batches until nothing is due; return the errors."""
        errors: list[Exception] = []
        consecutive = 0
        while consecutive < MAX_CONSECUTIVE_FAILURES:
            try:
                if not push_batch():
                    break
                consecutive = 0
            except (MegaplanError, MegaplanSyncError) as error:
                log.warning("%s: %s", self._outbox.account, error)
                errors.append(error)
                if not (isinstance(error, MegaplanError) and is_ambiguous(error)):
                    break
                consecutive += 1
                self._outbox.release()  # the next batch takes the rest of this one
        return errors

    def _log_failed(self) -> None:
        for number, stage, reason in self._outbox.failed(MAX_FAILED_LOGGED):
            log.warning("%s: call %s has failed (%s): %s", self._outbox.account, number, stage, reason)
