"""Requests stage moves from before or between the syncs: one request per deal."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import (
    MegaplanAPIError,
    MegaplanCursorError,
    MegaplanForbiddenError,
    MegaplanNotFoundError,
    MegaplanRateLimitError,
    MegaplanTransportError,
)
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.history.stage_histories import (
    Deal,
    HistoryMoves,
    Stage,
    StageMove,
    Stages,
    moves_of_change_history,
    moves_of_status_history,
)

log = logging.getLogger(__name__)

_MOST_FAILURES_IN_A_ROW = 3
_REFUSED = (MegaplanNotFoundError, MegaplanForbiddenError)
_OF_ONE_DEAL = (MegaplanAPIError, MegaplanTransportError, MegaplanCursorError)
"""Errors that may concern one deal only: it is skipped, and requested again by the next run."""


@dataclass
class BackfillOutcome:
    """The outcome of a backfill.

    :param deals: finished deals: read, gone or hidden
    :param moves: rows written into ``deal_stage_moves``
    :param requests: requests sent
    :param left: deals that are not finished, including failed ones
    :param gone: of ``deals``, those that Megaplan no longer has (404)
    :param hidden: of ``deals``, those that the connection's user may not see (403)
    :param failed: deals whose requests failed
    """

    deals: int = 0
    moves: int = 0
    requests: int = 0
    left: int = 0
    gone: int = 0
    hidden: int = 0
    failed: int = 0


class _NoHistoryError(Exception):
    """The deal exists, but the account returns neither of its histories."""


@dataclass(frozen=True)
class _Answer:
    """The result for a deal.

    :param source: status_history, change_history, gone or hidden
    """

    source: str
    history: HistoryMoves = field(default_factory=lambda: HistoryMoves(()))


def backfill_stage_moves(
    hook: MegaplanHook, connection: Connection[Any], account: str, *, may_send: Callable[[], bool]
) -> BackfillOutcome:
    """Read the stage histories of present deals that were not requested yet, latest change first.

    Each deal is one transaction, so a killed run continues where it ended. No lock is needed: a move that a sync
    derives meanwhile has the same key. If the history has no moves, those from versions are kept.

    :param connection: in autocommit mode
    :param may_send: called before each deal, which usually costs one request; false ends the run
    :raises MegaplanError: login refused, requests used up, or three deals in a row failed
    """
    sent_before = hook.requests_sent
    outcome = BackfillOutcome()
    try:
        _Backfill(hook, connection, account, outcome).run(may_send)
    finally:
        outcome.requests = hook.requests_sent - sent_before
    row = connection.execute(read_sql("count_deals_without_stage_backfill"), {"account": account}).fetchone()
    outcome.left = row[0] if row else 0
    log.info(
        "stage moves of %s: %d deals read, %d moves, %d requests, %d deals left",
        account, outcome.deals, outcome.moves, outcome.requests, outcome.left,
    )  # fmt: skip
    return outcome


class _Backfill:
    """One run over one account."""

    def __init__(
        self, hook: MegaplanHook, connection: Connection[Any], account: str, outcome: BackfillOutcome
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._account = account
        self._outcome = outcome
        self._gives_status_history = True
        self._passed_over: list[int] = []
        rows = connection.execute(read_sql("select_stage_backfill_stages"), {"account": account}).fetchall()
        self._stages = Stages(Stage(*row) for row in rows)

    def run(self, may_send: Callable[[], bool]) -> None:
        """Process deals while requests may be sent."""
        failures = 0
        for deal in self._deals():
            if not may_send():
                return
            try:
                answer = self._ask(deal)
            except MegaplanRateLimitError:
                raise
            except (*_OF_ONE_DEAL, _NoHistoryError) as error:
                failures += 1
                self._outcome.failed += 1
                self._passed_over.append(deal.id)
                if failures < _MOST_FAILURES_IN_A_ROW:
                    log.warning("stage moves of deal %d of %s: %s", deal.id, self._account, error)
                elif isinstance(error, _NoHistoryError):
                    log.warning("stage moves of %s: %s; stopped.", self._account, error)
                    return
                else:
                    raise
            else:
                failures = 0
                self._settle(deal, answer)

    def _deals(self) -> Iterator[Deal]:
        """Yield deals to request, fetched a hundred at a time: by then each one before is saved or skipped."""
        while True:
            rows = self._connection.execute(
                read_sql("select_deals_without_stage_backfill"),
                {"account": self._account, "passed_over": self._passed_over},
            ).fetchall()
            if not rows:
                return
            yield from (Deal(*row) for row in rows)

    def _ask(self, deal: Deal) -> _Answer:
        """Request the status history, then the change history, then the deal itself.

        If only the status history is refused, the account does not have that route, and it is not used again in
        this run.
        """
        if self._gives_status_history:
            try:
                entries = _entries(self._hook.deal_status_history(deal.id))
                return _Answer("status_history", moves_of_status_history(entries, deal, self._stages))
            except _REFUSED:
                pass
        try:
            entries = _entries(self._hook.deal_changes(deal.id))
        except _REFUSED:
            return self._why_refused(deal)
        if self._gives_status_history:
            log.info("%s returns no status history; reading the change history of deals.", self._account)
            self._gives_status_history = False
        return _Answer("change_history", moves_of_change_history(entries, deal, self._stages))

    def _why_refused(self, deal: Deal) -> _Answer:
        try:
            self._hook.deal(deal.id)
        except MegaplanNotFoundError:
            return _Answer("gone")
        except MegaplanForbiddenError:
            return _Answer("hidden")
        raise _NoHistoryError(
            f"Megaplan returns neither /deal/{deal.id}/statusHistory nor /deal/{deal.id}/history for an existing "
            "deal; check the rights of the connection's user"
        )

    def _settle(self, deal: Deal, answer: _Answer) -> None:
        moves, key = answer.history.moves, {"account": self._account, "deal_id": deal.id}
        written = 0
        with self._connection.transaction():
            if answer.history.unreadable:
                log.warning(
                    "stage moves of deal %d of %s: %d entries of its %s cannot be read; moves seen by the syncs "
                    "are kept",
                    deal.id, self._account, answer.history.unreadable, answer.source,
                )  # fmt: skip
            elif moves:
                newest = {"newest": moves[-1].moved_at, "newest_state_id": moves[-1].to_state_id}
                self._connection.execute(read_sql("delete_derived_stage_moves"), {**key, **newest})
            if moves:
                columns = {name: [getattr(move, name) for move in moves] for name in StageMove._fields}
                inserted = self._connection.execute(
                    read_sql("insert_stage_moves"), {**key, **columns, "source": answer.source}
                )
                written = inserted.rowcount
            self._connection.execute(read_sql("save_stage_backfill"), {**key, "source": answer.source})
        self._outcome.deals += 1
        self._outcome.moves += written
        self._outcome.gone += answer.source == "gone"
        self._outcome.hidden += answer.source == "hidden"


def _entries(pages: Iterator[ListPage]) -> list[Entity]:
    return [entry for page in pages for entry in page.items]
