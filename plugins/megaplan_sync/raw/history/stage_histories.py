"""Parses a deal's moves between stages from Megaplan's two histories. Free of I/O.

*Status history* (``/deal/{id}/statusHistory``): its fields are known only from the RAML r2510; no payload was seen
and no public client uses it. Assumed: one entry per move; the oldest is the deal's creation and has no
``fromStatus``, otherwise ``fromStatusUpdated`` says when the deal entered its first stage. Its order is unknown, so
moves are sorted by time.

*Change history* (``/deal/{id}/history``): kinds of entries and newest first were seen live, ``Changeset`` and
``FieldChange`` are documented; that the field of the stage is called ``state`` is documented by one client.
The contents of ``oldValue`` and ``newValue`` are not documented: a link, a complete entity, an id and a stage's name
are accepted. A truncated change set (``changesCount`` is larger than ``changes``) is read as far as possible.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from megaplan_sync.kernel.values import entries, identifier, link_id, moment, text
from megaplan_sync.raw.canonical import Entity

_NEVER = datetime.max.replace(tzinfo=UTC)
"""Sorts entries without a time last."""


class Deal(NamedTuple):
    """A deal as in the raw table."""

    id: int
    program_id: int | None
    state_id: int | None
    created_at: datetime | None


class StageMove(NamedTuple):
    """A move, or the first known stage if ``from_state_id`` is None; see the columns of ``deal_stage_moves``."""

    moved_at: datetime
    from_program_id: int | None
    from_state_id: int | None
    to_program_id: int | None
    to_state_id: int
    employee_id: int | None


@dataclass(frozen=True)
class HistoryMoves:
    """The moves in a history.

    :param moves: oldest first
    :param unreadable: number of entries about a stage that cannot be read
    """

    moves: Sequence[StageMove]
    unreadable: int = 0


class Stage(NamedTuple):
    """A stage as ``pipeline_stages`` has it."""

    id: int
    program_id: int
    name: str | None


class Stages:
    """The stages of an account, including deleted ones."""

    def __init__(self, stages: Iterable[Stage]) -> None:
        self._program_of: dict[int, int] = {}
        self._named: dict[str, list[Stage]] = {}
        for stage in stages:
            self._program_of[stage.id] = stage.program_id
            if stage.name is not None:
                self._named.setdefault(stage.name, []).append(stage)

    def id_of(self, value: Any, deal: Deal) -> int | None:
        """Return the id of a stage given as a link, an entity, an id, or a name that only one stage has."""
        if isinstance(value, dict):
            return identifier(value.get("id")) or self._id_of_name(value.get("name"), deal)
        return identifier(value) or self._id_of_name(value, deal)

    def program_of(self, stage_id: int | None, deal: Deal) -> int | None:
        """Return the pipeline of a stage; the deal's own stage is in the deal's own pipeline."""
        if stage_id is None:
            return None
        known = self._program_of.get(stage_id)
        return deal.program_id if known is None and stage_id == deal.state_id else known

    def _id_of_name(self, value: Any, deal: Deal) -> int | None:
        candidates = self._named.get(text(value) or "", [])
        of_the_deal = [stage for stage in candidates if stage.program_id == deal.program_id]
        chosen = of_the_deal or candidates
        return chosen[0].id if len(chosen) == 1 else None


class _Change(NamedTuple):
    """A change of stage in a history, not yet sorted; ``place`` grows with time."""

    at: datetime | None
    place: int
    before: Any
    after: Any
    employee_id: int | None

    @property
    def order(self) -> tuple[datetime, int]:
        """Sort key."""
        return self.at or _NEVER, self.place


class _Beginning(NamedTuple):
    """When the deal entered its first stage, and who moved it there."""

    at: datetime | None = None
    employee_id: int | None = None


def moves_of_status_history(entries: Iterable[Entity], deal: Deal, stages: Stages) -> HistoryMoves:
    """Read the entries of ``/deal/{id}/statusHistory``."""
    changes, beginnings = [], []
    for entry in entries:
        at, place = moment(entry.get("toStatusUpdated")), _place(entry)
        employee_id = _employee(entry.get("toStatusUser"))
        changes.append(_Change(at, place, entry.get("fromStatus"), entry.get("toStatus"), employee_id))
        beginnings.append((moment(entry.get("fromStatusUpdated")), _employee(entry.get("fromStatusUser"))))
    oldest = min(range(len(changes)), key=lambda index: changes[index].order, default=None)
    beginning = _Beginning() if oldest is None else _Beginning(*beginnings[oldest])
    return _moves(changes, beginning, deal, stages)


def moves_of_change_history(entries: Iterable[Entity], deal: Deal, stages: Stages) -> HistoryMoves:
    """Read the entries of ``/deal/{id}/history``; without a change of stage there are no moves."""
    changes = []
    beginning = _Beginning()
    for entry in entries:
        if entry.get("type") == "create":
            beginning = _Beginning(moment(entry.get("timeCreated")), _employee(entry.get("author")))
        for change in _field_changes(entry):
            if change.get("field") == "state":
                changes.append(
                    _Change(
                        moment(change.get("timeCreated")) or moment(entry.get("timeCreated")),
                        _place(entry),
                        change.get("oldValue"),
                        change.get("newValue"),
                        _employee(change.get("author") or entry.get("author")),
                    )
                )
    return _moves(changes, beginning, deal, stages)


def _moves(changes: Iterable[_Change], beginning: _Beginning, deal: Deal, stages: Stages) -> HistoryMoves:
    """Sort changes, and put the deal's first stage before them."""
    moves: list[StageMove] = []
    unreadable = 0
    for change in sorted(changes, key=lambda change: change.order):
        before, after = (stages.id_of(value, deal) for value in (change.before, change.after))
        if change.at is None or after is None:
            unreadable += 1
            continue
        began_at = beginning.at or deal.created_at
        if not moves and before is not None and began_at is not None and began_at <= change.at:
            program = stages.program_of(before, deal)
            moves.append(StageMove(began_at, None, None, program, before, beginning.employee_id))
        moves.append(
            StageMove(
                change.at,
                stages.program_of(before, deal),
                before,
                stages.program_of(after, deal),
                after,
                change.employee_id,
            )
        )
    return HistoryMoves(moves, unreadable)


def _field_changes(entry: Entity) -> Iterator[Entity]:
    if entry.get("contentType") == "FieldChange":
        yield entry
    for change in entries(entry.get("changes")):
        if isinstance(change, dict):
            yield change


def _place(entry: Entity) -> int:
    """Return the sort key within a second: ids grow."""
    return identifier(entry.get("id")) or 0


def _employee(value: Any) -> int | None:
    return link_id(value, ("Employee",))
