"""Deletions with evidence and a brake.

A row that the table has and Megaplan's list does not is asked for by itself. 404 (or ``isDropped``) marks it; 403
does not, for then it is there and the token's user may not see it. If more rows vanish at once than the brake
allows, nothing is marked: some of them are asked for, to tell a deletion from a lost right and from a list that
leaves rows out, and a proposal is stored for a person to approve.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.account_lock import account_lock
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.evidence import Ask, Evidence, ask_for
from megaplan_sync.reconciliation.proposals import Kind, propose, proposed_rows, settle_rows

log = logging.getLogger(__name__)

LEAST_BRAKE_ROWS = 20
_SAMPLE = 20
_NOBODY_DELETES_SO_MUCH = 0.25
"""Of a table's rows at once: then a lost right is the likelier reason."""
_MOST_WITHOUT_CARDS = 0.5
"""Of a table's rows at once, where none can be asked for by itself: then the list is the likelier reason."""


class IncompleteListError(SuspiciousAnswerError):
    """Megaplan's list leaves out rows that it gives by id."""


class Vanished:
    """The vanished rows of one table of one account.

    :param state: of this table in this run
    :param ask: returns a card by id; None where the route has no cards: then the list itself is the evidence
    :param route: of the cards, e.g. ``/employee``, or what returns the route of one card
    :param mark_parts: marks what hangs on deleted rows, within the transaction
    :param rights: what the token's user has lost since the last good reconciliation
    :param still_there: takes the cards of rows that the list had left out
    :param back_again: returns which of some rows Megaplan's list has again, or are marked as deleted; None where
        every row that is no finding is one of these
    :param noted: called within each transaction that settles a row
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        state: EntityRun,
        findings: Findings,
        *,
        ask: Ask | None,
        route: str | Callable[[int], str],
        mark_parts: Callable[[Sequence[int]], None] = lambda ids: None,
        rights: str | None = None,
        still_there: Callable[[list[Entity]], None] = lambda cards: None,
        back_again: Callable[[Collection[int]], Collection[int]] | None = None,
        noted: Callable[[], None] = lambda: None,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._state = state
        self._findings = findings
        self._ask = ask
        self._route = route
        self._mark_parts = mark_parts
        self._rights = rights
        self._still_there = still_there
        self._back_again = back_again
        self._noted = noted
        self._told: list[str] = []

    def settle(self) -> list[str]:
        """Mark, propose or leave the vanished rows.

        :returns: what there is to tell a person
        :raises IncompleteListError: the list leaves out rows that exist; nothing was marked
        """
        state = self._state
        with self._connection.transaction():
            self._findings.reopen_vanished()
            found = {entry.id: entry for entry in self._findings.waiting_for_resolution("extra")}
            proposed = proposed_rows(self._connection, state.account, state.entity)
            gone = [identity for identity in (*proposed.open, *proposed.approved) if identity not in found]
            back = gone if self._back_again is None else list(self._back_again(gone))
            settle_rows(self._connection, state.account, state.entity, back)
            if left := sorted(set(gone) - set(back)):  # changed here since the sweep began: they wait on
                self._findings.note("extra", [RowKey(identity) for identity in left])
                found = {entry.id: entry for entry in self._findings.waiting_for_resolution("extra")}
            self._findings.resolve([i for i in found if i in proposed.open], "waiting")
        fresh = [i for i in found if i not in proposed.open and i not in proposed.approved]
        if len(fresh) > self._brake() or (fresh and self._rights is not None):
            self._propose(fresh, {entry.id for entry in found.values() if entry.is_dropped})
        else:
            self._settle_each([(identity, found[identity].is_dropped, None) for identity in fresh])
        self._settle_each(
            [
                (identity, found[identity].is_dropped, proposed.approved[identity])
                for identity in found
                if identity in proposed.approved
            ],
            proposed.approved_kinds,
        )
        for number in sorted({proposed.open[i] for i in found if i in proposed.open}):
            rows = sum(proposed.open[i] == number for i in found if i in proposed.open)
            state.proposal = state.proposal or number
            self._told.append(
                f"{rows} vanished rows wait for a decision about proposal {number}: approve it by triggering "
                f'megaplan_reconciliation with {{"approve_deletions": {number}}}.'
            )
        return self._told

    def _brake(self) -> int:
        rows = self._state.rows_before
        if self._ask is None:
            return max(1, int(rows * _MOST_WITHOUT_CARDS))
        return max(LEAST_BRAKE_ROWS, int(rows * self._hook.settings.deletion_brake / 100))

    def _settle_each(
        self, rows: Sequence[tuple[int, bool, int | None]], kinds: dict[int, Kind] | None = None
    ) -> None:
        """Ask for each row by itself. The third of each is the number of the proposal that was approved for it."""
        hidden: list[int] = []
        for identity, is_dropped, number in rows:
            if is_dropped:
                told_by_list = {"found_by": "isDropped in the list", "at": datetime.now(UTC).isoformat()}
                evidence = Evidence("gone", None, {**told_by_list, "isDropped": True})
            else:
                evidence = self._evidence(identity)
            told = evidence.as_json if number is None else {**evidence.as_json, "approved_proposal": number}
            may_mark = evidence.verdict == "gone" or (
                evidence.verdict == "hidden"
                and number is not None
                and (kinds or {}).get(number) == "visibility"
            )
            if may_mark:
                self._mark(identity, told)
            elif evidence.verdict == "hidden":
                self._findings.resolve([identity], "hidden", told)
                hidden.append(identity)
            else:
                self._take_back(identity, evidence)
        if hidden:
            self._state.proposal = self._store(
                "visibility",
                hidden,
                f"Megaplan answers 403 for {len(hidden)} of {self._state.rows_before} {self._state.entity}: they "
                "exist, but the connection's user may not see them any more.",
                resolution="hidden",
            )

    def _evidence(self, identity: int) -> Evidence:
        if self._ask is None:
            told = {"found_by": f"GET {self._route}, absent twice", "at": datetime.now(UTC).isoformat()}
            return Evidence("gone", None, told)
        route = self._route(identity) if callable(self._route) else f"{self._route}/{identity}"
        return ask_for(identity, self._ask, route)

    def _mark(self, identity: int, evidence: dict[str, Any]) -> None:
        state = self._state
        evidence = {**evidence, "run_id": state.run_id}
        with account_lock(self._connection, state.account), self._connection.transaction():
            self._connection.execute(
                read_sql("mark_deleted"),
                {
                    "account": state.account,
                    "entity": state.entity,
                    "ids": [identity],
                    "evidence": Jsonb(evidence),
                },
            )
            self._mark_parts([identity])
            self._findings.resolve([identity], "deleted", evidence)
            settle_rows(self._connection, state.account, state.entity, [identity])
            self._noted()

    def _take_back(self, identity: int, evidence: Evidence) -> None:
        """Leave a row alone that the list had left out: it is there, and its card says how it is."""
        with self._connection.transaction():
            self._findings.resolve([identity], "unfounded", evidence.as_json)
            settle_rows(self._connection, self._state.account, self._state.entity, [identity])
            if evidence.card is not None:
                self._still_there([evidence.card])
            self._noted()

    def _propose(self, fresh: Sequence[int], dropped: set[int]) -> None:
        state = self._state
        step = max(1, len(fresh) // _SAMPLE)
        asked = [identity for identity in fresh if identity not in dropped][::step][:_SAMPLE]
        answers = [self._evidence(identity).verdict for identity in asked] if self._ask else []
        if there := answers.count("there"):
            raise IncompleteListError(
                f"Megaplan's list of {state.entity} of account {state.account} left out {len(fresh)} rows, but "
                f"gives {there} of {len(answers)} by id: the list is not complete. Nothing was marked as deleted; "
                "the next reconciliation compares again."
            )
        hidden = answers.count("hidden")
        share = len(fresh) / max(state.rows_before, 1)
        looks_hidden = hidden > 0 or self._rights is not None or share >= _NOBODY_DELETES_SO_MUCH
        reasons = [
            f"{len(fresh)} of {state.rows_before} {state.entity} vanished at once (the brake allows "
            f"{self._brake()}): none was marked as deleted."
        ]
        if answers:
            reasons.append(
                f"Asked for {len(answers)} of them: {len(answers) - hidden} × 404, {hidden} × 403."
            )
        if looks_hidden:
            reasons.append(
                "This looks like a loss of visibility, not like a deletion: the connection's user sees less than "
                + (f"before ({self._rights})." if self._rights else "before.")
                + " Give it back its rights in Megaplan."
            )
        self._state.proposal = self._store(
            "visibility" if looks_hidden else "deletion", fresh, " ".join(reasons), resolution="waiting"
        )

    def _store(self, kind: Kind, ids: Sequence[int], reason: str, *, resolution: Any) -> int:
        state = self._state
        with self._connection.transaction():
            settle_rows(self._connection, state.account, state.entity, ids)  # no row stands in two proposals
            number = propose(
                self._connection,
                state.account,
                state.entity,
                kind=kind,
                ids=ids,
                of_rows=state.rows_before,
                reason=reason,
                run_id=state.run_id,
            )
            self._findings.resolve(ids, resolution)
        self._told.append(
            f"{reason} Proposal {number}: if the rows are to be marked as deleted, trigger megaplan_reconciliation "
            f'with {{"approve_deletions": {number}}}.'
        )
        log.warning("%s of %s: %s", state.entity, state.account, self._told[-1])
        return number
