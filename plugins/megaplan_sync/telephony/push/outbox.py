"""The outbox in Postgres: a run claims stages, records its intent before a request and the result after it.

A claim is a row's ``claimed_by`` and ``claimed_until``, taken with ``FOR UPDATE SKIP LOCKED``, so several runs can
work on one account at once. It is renewed before every request, and a request is sent only while the claim holds: if
a run is killed, another one takes over only after the last request of the first one has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import uuid4

from psycopg import Connection
from psycopg.rows import class_row

from megaplan_hook.settings import AccountSettings
from megaplan_sync.inbox.notifications import json_text
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.push.delivery import STAGES, UNKNOWN_OUTCOME, Delivery, Stage, StageResult
from megaplan_sync.telephony.push.delivery_plan import after_a_write, plan
from megaplan_sync.telephony.push.exceptions import ClaimLostError
from megaplan_sync.telephony.push.responsible import Responsible

_CALLS_PER_PLAN = 500


class Outbox:
    """The deliveries of one account, for one run.

    :param connection: in autocommit mode; its commits wait for the disk, or an intent could be lost
    :param settings: of the account; they say what is wanted of each call
    :param lease_seconds: how long a claim holds
    """

    def __init__(self, connection: Connection[Any], settings: AccountSettings, lease_seconds: float) -> None:
        self._connection = connection
        self._settings = settings
        self._own = {"account": settings.account, "claimed_by": uuid4().hex}
        self._lease = {"lease_seconds": lease_seconds}
        self._claimed: set[tuple[Stage, int]] = set()
        self._unknown: set[tuple[Stage, int]] = set()
        self._responsible = Responsible(connection, settings)
        self.account = settings.account

    def open(self) -> int:
        """Plan the stages of finished calls that are new or have changed; return how many calls."""
        self._unknown.clear()
        found = self._connection.execute(read_sql("select_calls_to_plan"), self._own).fetchall()
        numbers = [number for (number,) in found]
        for first in range(0, len(numbers), _CALLS_PER_PLAN):
            calls = self.read(numbers[first : first + _CALLS_PER_PLAN])
            stored = self.plan(calls)
            planned = [call for call in calls if call.call_session_id in stored]
            changes = [call.call_changed_at for call in planned]
            self._of_calls(
                "save_planned_calls", [call.call_session_id for call in planned], changed_at=changes
            )
        return len(numbers)

    def read(self, call_session_ids: Collection[int]) -> list[Delivery]:
        """Return calls with their stages."""
        parameters = {**self._own, "call_session_ids": list(call_session_ids)}
        with self._connection.cursor(row_factory=class_row(Delivery)) as cursor:
            calls = cursor.execute(read_sql("select_deliveries"), parameters).fetchall()
        return self._responsible.assigned(calls)

    def plan(self, deliveries: Iterable[Delivery]) -> set[int]:
        """Store what each stage of some calls should be, by the calls and their stages as given.

        A stage that a run has claimed or changed in the meantime stays as it is; the next run plans it again.

        :returns: the calls of which all changes were stored
        """
        planned: dict[tuple[int, str], dict[str, Any]] = {}
        for delivery in deliveries:
            for stage, row in plan(delivery, self._settings).items():
                planned[delivery.call_session_id, stage] = {
                    **vars(row),
                    "call_session_id": delivery.call_session_id,
                    "stage": stage,
                    "step": STAGES.index(stage) + 1,
                }
        if not planned:
            return set()
        stored = self._connection.execute(
            read_sql("plan_deliveries"), {**self._own, "planned": json_text(list(planned.values()))}
        )
        left = [number for number, _ in planned]
        for (number,) in stored:
            left.remove(number)
        return {number for number, _ in planned} - set(left)

    def claim(self, stage: Stage, limit: int, without: Collection[int] = ()) -> list[Delivery]:
        """Claim calls of which a stage is due, all earlier ones are settled, and that no other run has claimed.

        Calls with an outcome that became unknown in this run are left out: it may not be readable yet.

        :param without: calls to leave out
        """
        left_out = [*without, *(number for of, number in self._unknown if of == stage)]
        parameters = {**self._own, **self._lease, "stage": stage, "limit": limit, "without": left_out}
        claimed = self._connection.execute(read_sql("claim_deliveries"), parameters).fetchall()
        self._claimed.update((stage, number) for (number,) in claimed)
        deliveries = self.read([number for (number,) in claimed]) if claimed else []
        return sorted(deliveries, key=lambda one: (one.stage(stage).tries, one.call_session_id))

    def renew(self) -> None:
        """Renew all claims; call this right before sending a request.

        :raises ClaimLostError: another run has taken over one of the calls
        """
        if not self._claimed:
            return
        renewed = self._connection.execute(read_sql("renew_claims"), {**self._own, **self._lease})
        if renewed.rowcount != len(self._claimed):
            raise ClaimLostError(self.account)

    def intend(self, stage: Stage, call_session_ids: Iterable[int], sent: Any = None) -> None:
        """Record on disk that a request is about to be sent that must not be repeated blindly.

        :param sent: what Megaplan may have afterwards; None keeps what is known
        :raises ClaimLostError: another run has taken over one of the calls
        """
        numbers = set(call_session_ids)
        parameters = {**self._own, **self._lease, "stage": stage, "call_session_ids": list(numbers)}
        parameters["sent"] = None if sent is None else json_text(sent)
        recorded = self._connection.execute(read_sql("record_delivery_intent"), parameters)
        if recorded.rowcount != len(numbers):
            raise ClaimLostError(self.account)

    def settle(self, stage: Stage, *results: StageResult) -> None:
        """Record the results of a stage; at most one result per call."""
        if not results:
            return
        rows = json_text([self._settled(result) for result in results])
        with self._connection.transaction():
            self._connection.execute(
                read_sql("settle_deliveries"), {**self._own, "stage": stage, "results": rows}
            )
            if gone := [result.call_session_id for result in results if result.forget]:
                self._of_calls("forget_delivery_results", gone, stage=stage)
            refused = [result.call_session_id for result in results if result.state == "none"]
            if refused and stage == STAGES[0]:
                self._of_calls("drop_later_stages", refused)
            if written := [result.call_session_id for result in results if result.affects_others]:
                self.plan(after_a_write(each, self._settings) for each in self.read(written))
        self._unknown.update(
            (stage, result.call_session_id) for result in results if result.state == UNKNOWN_OUTCOME
        )
        self._claimed.difference_update(
            (stage, result.call_session_id) for result in results if not result.keep_claim
        )

    def lose_call(self, call_session_id: int) -> None:
        """Megaplan no longer has the object of a call: whether it has another one is unknown."""
        self._of_calls("reopen_lost_calls", [call_session_id])

    def release(self) -> None:
        """Release the claims on calls that were not settled."""
        if self._claimed:
            self._connection.execute(read_sql("release_claims"), self._own)
            self._claimed.clear()

    def resend(self, call_session_ids: Collection[int] | None) -> set[int]:
        """Restart calls; Megaplan is asked what it has before anything is sent.

        :param call_session_ids: None for all failed stages
        :returns: the calls that were restarted
        """
        if call_session_ids is None:
            found = self._connection.execute(read_sql("resend_failed_deliveries"), self._own)
        else:
            found = self._of_calls("resend_calls", call_session_ids)
        return {number for (number,) in found}

    def failed(self, limit: int) -> list[tuple[Any, ...]]:
        """Return failed stages, newest first: call, stage, reason."""
        parameters = {**self._own, "limit": limit}
        return self._connection.execute(read_sql("select_failed_deliveries"), parameters).fetchall()

    def has_users(self) -> bool:
        """Return whether any employee is mapped."""
        row = self._connection.execute(read_sql("has_telephony_users"), self._own).fetchone()
        return bool(row and row[0])

    def learned(self, topic: str) -> str | None:
        """Return what is known about undocumented behaviour of the account; None if it was not tried yet."""
        row = self._connection.execute(read_sql("select_learned"), {**self._own, "topic": topic}).fetchone()
        return None if row is None else str(row[0])

    def learn(self, topic: str, value: str) -> None:
        """Remember how the account behaves."""
        self._connection.execute(read_sql("save_learned"), {**self._own, "topic": topic, "value": value})

    def _settled(self, result: StageResult) -> dict[str, Any]:
        kept = {"claimed_by": self._own["claimed_by"], **self._lease} if result.keep_claim else {}
        return {**vars(result), "done_in_seconds": 0 if result.state == "done" else None, **kept}

    def _of_calls(self, statement: str, call_session_ids: Collection[int], **more: Any) -> Any:
        parameters = {**self._own, **more, "call_session_ids": list(call_session_ids)}
        return self._connection.execute(read_sql(statement), parameters)
