"""Marks deletions, with evidence and a limit (*brake*).

A row that is in the table but not in Megaplan's list is requested by id. 404 (or ``isDropped``) marks it as deleted;
403 does not, since the row exists but is hidden from the user. If more rows vanish at once than the brake allows,
none is marked: a sample is requested, to distinguish a deletion from lost rights and from an incomplete list, and a
proposal is saved for a person to approve.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from megaplan_hook.exceptions import MegaplanError, concerns_one_answer
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.evidence import Evidence, ask_for, card_at
from megaplan_sync.reconciliation.proposals import Kind, propose, proposed_rows, settle_rows, where_to_decide
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter

log = logging.getLogger(__name__)

LEAST_BRAKE_ROWS = 20
_SAMPLE = 20
_NOBODY_DELETES_SO_MUCH = 0.25
"""Share of a table's rows at which lost rights are more likely than deletions."""
_MOST_WITHOUT_CARDS = 0.5
"""Share of rows without cards at which an incomplete list is more likely than deletions."""


class IncompleteListError(SuspiciousAnswerError):
    """Megaplan's list lacks rows that it returns by id."""


class Vanished:
    """Handles the vanished rows of one table of one account.

    :param state: state of this table in this run
    :param recorded: writes its rows
    :param route: returns the route of a row's card; a string is the route of a list without cards, which is the
        evidence
    :param rights: rights that the user has lost since the last proven reconciliation
    :param still_there: called with the cards of rows that were missing from the list
    :param lists_may_omit: the list may leave out existing rows by design, however many
    :param back_again: returns the ids of rows that are in Megaplan's list again, or marked as deleted; None if that
        is true of every row without a finding
    :param noted: called in each transaction that resolves a row
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        state: EntityRun,
        recorded: RecordedWriter,
        *,
        route: str | Callable[[int], str],
        rights: str | None = None,
        still_there: Callable[[list[Entity]], None] = lambda cards: None,
        lists_may_omit: bool = False,
        back_again: Callable[[Collection[int]], Collection[int]] | None = None,
        noted: Callable[[], None] = lambda: None,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._state = state
        self._recorded = recorded
        self._findings = recorded.findings
        self._route = route
        self._rights = rights
        self._still_there = still_there
        self._lists_may_omit = lists_may_omit and not isinstance(route, str)
        self._back_again = back_again
        self._noted = noted
        self._messages: list[str] = []

    def settle(self) -> list[str]:
        """Mark, propose or leave the vanished rows.

        :returns: messages for people
        :raises IncompleteListError: the list lacks existing rows; nothing was marked
        """
        state = self._state
        with self._connection.transaction():
            self._findings.reopen_vanished()
            found = {entry.id: entry for entry in self._findings.waiting_for_resolution("extra")}
            proposed = proposed_rows(self._connection, state.account, state.entity)
            waiting = proposed.open | proposed.rejected
            gone = [identity for identity in (*waiting, *proposed.approved) if identity not in found]
            back = gone if self._back_again is None else list(self._back_again(gone))
            settle_rows(self._connection, state.account, state.entity, back)
            if left := sorted(set(gone) - set(back)):  # changed here since the sweep began: they keep waiting
                self._findings.note("extra", [RowKey(identity) for identity in left])
                found = {entry.id: entry for entry in self._findings.waiting_for_resolution("extra")}
            self._findings.resolve([i for i in found if i in waiting], "waiting")
        fresh = [i for i in found if i not in waiting and i not in proposed.approved]
        if self._lists_may_omit and self._is_suspicious(fresh):
            fresh = [identity for identity in fresh if not self._is_omitted(identity)]
        if self._is_suspicious(fresh):
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
        for number, rows in sorted(Counter(proposed.open[i] for i in found if i in proposed.open).items()):
            state.proposal = state.proposal or number
            self._messages.append(f"{rows} vanished rows wait for a decision: {where_to_decide(number)}")
        for number, rows in sorted(
            Counter(proposed.rejected[i] for i in found if i in proposed.rejected).items()
        ):
            self._messages.append(
                f"{rows} vanished rows are kept, since proposal {number} was rejected. To be asked again, trigger "
                f'megaplan_deletions with {{"proposal": {number}}}.'
            )
        return self._messages

    def _is_suspicious(self, vanished: Collection[int]) -> bool:
        return len(vanished) > self._brake() or (bool(vanished) and self._rights is not None)

    def _is_omitted(self, identity: int) -> bool:
        """Return whether a row exists although the list leaves it out; then its card is written."""
        evidence = self._evidence(identity)
        if evidence.verdict == "there":
            self._take_back(identity, evidence)
        return evidence.verdict == "there"

    def _brake(self) -> int:
        rows = self._state.rows_before
        if isinstance(self._route, str):
            return max(1, int(rows * _MOST_WITHOUT_CARDS))
        return max(LEAST_BRAKE_ROWS, int(rows * self._hook.settings.deletion_brake / 100))

    def _settle_each(
        self, rows: Sequence[tuple[int, bool, int | None]], kinds: dict[int, Kind] | None = None
    ) -> None:
        """Request each row by id. The third item of each is the number of its approved proposal."""
        hidden: list[int] = []
        for identity, is_dropped, number in rows:
            if is_dropped:
                in_list = {"found_by": "isDropped in the list", "at": datetime.now(UTC).isoformat()}
                evidence = Evidence("gone", None, {**in_list, "isDropped": True})
            else:
                evidence = self._evidence(identity)
            as_json = (
                evidence.as_json if number is None else {**evidence.as_json, "approved_proposal": number}
            )
            may_mark = evidence.verdict == "gone" or (
                evidence.verdict == "hidden"
                and number is not None
                and (kinds or {}).get(number) == "visibility"
            )
            if may_mark:
                self._mark(identity, as_json)
            elif evidence.verdict == "hidden":
                self._findings.resolve([identity], "hidden", as_json)
                hidden.append(identity)
            elif evidence.verdict == "there":
                self._take_back(identity, evidence)
        if hidden:
            self._state.proposal = self._store(
                "visibility",
                hidden,
                f"Megaplan answers 403 for {len(hidden)} of {self._state.rows_before} {self._state.entity}: they "
                "exist, but the connection's user can no longer see them.",
                resolution="hidden",
            )

    def _evidence(self, identity: int) -> Evidence:
        if isinstance(self._route, str):
            evidence = {"found_by": f"GET {self._route}, absent twice", "at": datetime.now(UTC).isoformat()}
            return Evidence("gone", None, evidence)
        route = self._route(identity)
        try:
            return ask_for(identity, lambda _: card_at(self._hook, route), route)
        except MegaplanError as failure:
            if not concerns_one_answer(failure):
                raise
            log.warning("%s: whether it is gone stays unresolved", failure)
            return Evidence("unknown", None, {})

    def _mark(self, identity: int, evidence: dict[str, Any]) -> None:
        state = self._state
        evidence = {**evidence, "run_id": state.run_id}
        with account_transaction(self._connection, state.account):
            self._connection.execute(
                read_sql("mark_deleted"),
                {
                    "account": state.account,
                    "entity": state.entity,
                    "ids": [identity],
                    "evidence": Jsonb(evidence),
                },
            )
            self._recorded.mark_children([identity])
            self._findings.resolve([identity], "deleted", evidence)
            settle_rows(self._connection, state.account, state.entity, [identity])
            self._noted()

    def _take_back(self, identity: int, evidence: Evidence) -> None:
        """Keep a row that was missing from the list: it exists, and its card has its content."""
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
        answers = [] if isinstance(self._route, str) else [self._evidence(each).verdict for each in asked]
        if there := answers.count("there"):
            raise IncompleteListError(
                f"Megaplan's list of {state.entity} of account {state.account} lacks {len(fresh)} rows, but "
                f"{there} of {len(answers)} exist by id: the list is incomplete. Nothing was marked as deleted; "
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
                f"Requested {len(answers)} of them: {len(answers) - hidden} × 404, {hidden} × 403."
            )
        if looks_hidden:
            reasons.append(
                "This looks like a loss of visibility, not a deletion: the connection's user can see less than "
                + (f"before ({self._rights})." if self._rights else "before.")
                + " Restore its rights in Megaplan."
                + (" If they are as intended, approve the proposal." if self._rights else "")
            )
        self._state.proposal = self._store(
            "visibility" if looks_hidden else "deletion", fresh, " ".join(reasons), resolution="waiting"
        )

    def _store(self, kind: Kind, ids: Sequence[int], reason: str, *, resolution: Any) -> int:
        state = self._state
        with self._connection.transaction():
            settle_rows(self._connection, state.account, state.entity, ids)  # no row is in two proposals
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
        self._messages.append(f"{reason} {where_to_decide(number)}")
        log.warning("%s of %s: %s", state.entity, state.account, self._messages[-1])
        return number
