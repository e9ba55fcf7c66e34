"""The ledger of deliveries in Postgres: claims of a run, intents before requests, verdicts after them.

A claim is a row's ``claimed_by`` and ``claimed_until``, taken with ``FOR UPDATE SKIP LOCKED``: several runs may drain
one account at once. It is moved on before every request (``renew``), and a request is let go only while it holds;
so after a run was killed, another one takes over only when the last request of the dead one is surely over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import uuid4

from psycopg import Connection
from psycopg.rows import class_row

from megaplan_sync.inbox.notifications import json_text
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.push.delivery import Delivery, Stage, Verdict
from megaplan_sync.telephony.push.exceptions import ClaimLostError


class Ledger:
    """Deliveries of one account, for one run.

    :param connection: in autocommit mode; commits are made to wait for the disk, or an intent could be lost
    :param lease_seconds: how long a claim holds
    """

    def __init__(self, connection: Connection[Any], account: str, lease_seconds: float) -> None:
        self._connection = connection
        self._own = {"account": account, "claimed_by": uuid4().hex}
        self._lease = {"lease_seconds": lease_seconds}
        self._claimed: set[int] = set()
        self._doubtful: set[int] = set()
        self.account = account
        connection.execute("SET synchronous_commit = on")

    def open(self) -> int:
        """Begin a run: make rows for finished calls that have none, and open those anew whose call has changed."""
        self._doubtful.clear()
        opened = self._connection.execute(read_sql("open_deliveries"), self._own).rowcount
        return opened + self._connection.execute(read_sql("reopen_deliveries"), self._own).rowcount

    def claim(self, stage: Stage, limit: int, without: Collection[int] = ()) -> list[Delivery]:
        """Take calls of which a stage is due; those of other runs are left out.

        So are those that this run has settled as unsure: what became of a request may not be readable yet.

        :param without: calls that this run is not to see again
        """
        left_out = [*without, *self._doubtful]
        asked = {**self._own, **self._lease, "stage": stage, "limit": limit, "without": left_out}
        with self._connection.cursor(row_factory=class_row(Delivery)) as cursor:
            deliveries = cursor.execute(read_sql("claim_deliveries"), asked).fetchall()
        self._claimed.update(delivery.call_session_id for delivery in deliveries)
        return sorted(deliveries, key=lambda delivery: (delivery.tries(stage), delivery.call_session_id))

    def renew(self) -> None:
        """Move on the claims that are held; to be called right before a request is let go.

        :raises ClaimLostError: another run has taken over one of them
        """
        self._mark("renew_claims", self._claimed, {})

    def intend(self, stage: Stage, call_session_ids: Iterable[int]) -> None:
        """Write down, on disk, that a request is about to be made of which a second one would do harm.

        :raises ClaimLostError: another run has taken over one of them
        """
        self._mark("intend_delivery", set(call_session_ids), {"stage": stage})

    def settle(self, stage: Stage, *verdicts: Verdict) -> None:
        """Note how a stage of some calls stands now, in one statement; of one call there is one verdict."""
        if not verdicts:
            return
        told = json_text([vars(verdict) for verdict in verdicts])
        self._connection.execute(
            read_sql("settle_deliveries"), {**self._own, "stage": stage, "verdicts": told}
        )
        self._doubtful.update(verdict.call_session_id for verdict in verdicts if verdict.state == "unsure")
        self._claimed.difference_update(
            verdict.call_session_id for verdict in verdicts if not verdict.keep_claim
        )

    def release(self) -> None:
        """Let go of what was claimed and not settled."""
        if self._claimed:
            self._connection.execute(read_sql("release_claims"), self._own)
            self._claimed.clear()

    def resend(self, call_session_ids: Collection[int] | None) -> set[int]:
        """Begin anew with some calls, or with all that is parked; both look before they write.

        :param call_session_ids: None means everything parked
        :returns: which calls that was
        """
        asked = {
            **self._own,
            "is_named": call_session_ids is not None,
            "call_session_ids": list(call_session_ids or ()),
        }
        return {number for (number,) in self._connection.execute(read_sql("resend_deliveries"), asked)}

    def parked(self, limit: int) -> list[tuple[Any, ...]]:
        """Return what was given up, newest first: call, three states, reason."""
        asked = {**self._own, "limit": limit}
        return self._connection.execute(read_sql("select_parked_deliveries"), asked).fetchall()

    def has_users(self) -> bool:
        """Say whether employees were ever matched."""
        row = self._connection.execute(read_sql("has_telephony_users"), self._own).fetchone()
        return bool(row and row[0])

    def learned(self, topic: str) -> str | None:
        """Return what the account has shown."""
        row = self._connection.execute(read_sql("select_learned"), {**self._own, "topic": topic}).fetchone()
        return None if row is None else str(row[0])

    def learn(self, topic: str, value: str) -> None:
        """Remember what the account has just shown."""
        self._connection.execute(read_sql("save_learned"), {**self._own, "topic": topic, "value": value})

    def _mark(self, statement: str, numbers: Collection[int], more: dict[str, Any]) -> None:
        if not numbers:
            return
        asked = {**self._own, **self._lease, **more, "call_session_ids": list(numbers)}
        still_ours = self._connection.execute(read_sql(statement), asked).rowcount
        if still_ours != len(numbers):
            raise ClaimLostError(self.account)
