"""The outbox in Postgres: a run claims rows, records its intent before a request and the result after it.

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

from megaplan_sync.inbox.notifications import json_text
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.push.delivery import UNKNOWN_OUTCOME, Delivery, Stage, StageResult
from megaplan_sync.telephony.push.exceptions import ClaimLostError


class Outbox:
    """The deliveries of one account, for one run.

    :param connection: in autocommit mode; its commits wait for the disk, or an intent could be lost
    :param lease_seconds: how long a claim holds
    """

    def __init__(self, connection: Connection[Any], account: str, lease_seconds: float) -> None:
        self._connection = connection
        self._own = {"account": account, "claimed_by": uuid4().hex}
        self._lease = {"lease_seconds": lease_seconds}
        self._claimed: set[int] = set()
        self._unknown: set[int] = set()
        self.account = account
        connection.execute("SET synchronous_commit = on")

    def open(self) -> int:
        """Add rows for finished calls that have none, and reopen rows whose call has changed; return how many."""
        self._unknown.clear()
        opened = self._connection.execute(read_sql("open_deliveries"), self._own).rowcount
        return opened + self._connection.execute(read_sql("reopen_deliveries"), self._own).rowcount

    def claim(self, stage: Stage, limit: int, without: Collection[int] = ()) -> list[Delivery]:
        """Claim calls whose stage is due and that no other run has claimed.

        Calls with an outcome that became unknown in this run are left out: it may not be readable yet.

        :param without: calls to leave out
        """
        left_out = [*without, *self._unknown]
        parameters = {**self._own, **self._lease, "stage": stage, "limit": limit, "without": left_out}
        with self._connection.cursor(row_factory=class_row(Delivery)) as cursor:
            deliveries = cursor.execute(read_sql("claim_deliveries"), parameters).fetchall()
        self._claimed.update(delivery.call_session_id for delivery in deliveries)
        return sorted(deliveries, key=lambda delivery: (delivery.tries(stage), delivery.call_session_id))

    def renew(self) -> None:
        """Renew all claims; call this right before sending a request.

        :raises ClaimLostError: another run has taken over one of the calls
        """
        self._update_claimed("renew_claims", self._claimed, {})

    def intend(self, stage: Stage, call_session_ids: Iterable[int]) -> None:
        """Record on disk that a request is about to be sent that must not be repeated blindly.

        :raises ClaimLostError: another run has taken over one of the calls
        """
        self._update_claimed("record_delivery_intent", set(call_session_ids), {"stage": stage})

    def settle(self, stage: Stage, *results: StageResult) -> None:
        """Record the results of a stage in one statement; at most one result per call."""
        if not results:
            return
        rows = json_text([vars(result) for result in results])
        self._connection.execute(
            read_sql("settle_deliveries"), {**self._own, "stage": stage, "results": rows}
        )
        self._unknown.update(result.call_session_id for result in results if result.state == UNKNOWN_OUTCOME)
        self._claimed.difference_update(result.call_session_id for result in results if not result.keep_claim)

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
        parameters = {
            **self._own,
            "is_named": call_session_ids is not None,
            "call_session_ids": list(call_session_ids or ()),
        }
        return {number for (number,) in self._connection.execute(read_sql("resend_deliveries"), parameters)}

    def failed(self, limit: int) -> list[tuple[Any, ...]]:
        """Return failed calls, newest first: call, three states, reason."""
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

    def _update_claimed(self, statement: str, numbers: Collection[int], more: dict[str, Any]) -> None:
        if not numbers:
            return
        parameters = {**self._own, **self._lease, **more, "call_session_ids": list(numbers)}
        if self._connection.execute(read_sql(statement), parameters).rowcount != len(numbers):
            raise ClaimLostError(self.account)
