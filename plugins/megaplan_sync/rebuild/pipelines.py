"""Rebuilds pipelines and their stages.

Whether a pipeline is active stands in no payload and stays as it is. Where a stage stands, its pipeline says.
"""

import logging
from collections.abc import Iterator, Sequence

import orjson

from megaplan_sync.kernel.values import link_id
from megaplan_sync.raw import tables
from megaplan_sync.raw.canonical import Entity, content
from megaplan_sync.raw.flatten import pipeline_row, pipeline_stage_rows
from megaplan_sync.rebuild.chunks import Chunks
from megaplan_sync.rebuild.entity_table import rebuild_table
from megaplan_sync.rebuild.rederived import MadeAnew

log = logging.getLogger(__name__)

_UNKNOWN = 0


def rebuild_pipelines(chunks: Chunks) -> None:
    """Rebuild pipelines, then their stages, then which stage stands where."""
    account = chunks.account
    held: dict[int, tuple[int, int]] = {}
    by_deleted: dict[int, tuple[int, int]] = {}
    readable: list[int] = []
    stages: set[int] = set()
    doubtful: set[int] = set()

    def note_places(believed: Sequence[MadeAnew], left: Sequence[int]) -> None:
        for made in believed:
            states = orjson.loads(bytes(made.row.payload)).get("states")
            if isinstance(states, list):
                places = by_deleted if made.is_deleted else held
                places.update({state: (made.row.id, place) for state, place in _places(states)})
                readable.append(made.row.id)

    def note_stages(believed: Sequence[MadeAnew], left: Sequence[int]) -> None:
        stages.update(made.row.id for made in believed)
        doubtful.update(left)

    rebuild_table(
        chunks,
        tables.PIPELINES,
        lambda program: MadeAnew(pipeline_row(account, program, content(program), is_active=False)),
        note_places,
    )
    rebuild_table(
        chunks,
        tables.PIPELINE_STAGES,
        lambda state: MadeAnew(next(pipeline_stage_rows(account, _UNKNOWN, [state]))),
        note_stages,
    )
    chunks.at_once(lambda: _place(chunks, by_deleted | held, readable, stages, doubtful))


def _places(states: Sequence[Entity]) -> Iterator[tuple[int, int]]:
    for place, state in enumerate(states):
        if (identity := link_id(state)) is not None:
            yield identity, place


def _place(
    chunks: Chunks,
    places: dict[int, tuple[int, int]],
    readable: Sequence[int],
    stages: set[int],
    doubtful: set[int],
) -> None:
    lost = sorted(places.keys() - stages - doubtful)
    if lost:
        log.warning(
            "pipeline_stages of %s: %d stages have no row, and their payload is nowhere else: run "
            'megaplan_deals_sync with {"entities": ["pipelines"], "full_refresh": true}',
            chunks.account, len(lost),
        )  # fmt: skip
    placed = [(stage, *place) for stage, place in places.items() if stage in stages]
    corrected = chunks.execute(
        "place_pipeline_stages",
        stage_ids=[stage for stage, _, _ in placed],
        pipeline_ids=[pipeline for _, pipeline, _ in placed],
        positions=[position for _, _, position in placed],
    )
    marked = chunks.execute(
        "mark_absent_pipeline_stages",
        pipeline_ids=list(readable),
        stage_ids=[*places, *doubtful],
    )
    counts = chunks.counts("pipeline_stages")
    counts.left += len(lost)
    counts.corrected += len(corrected)
    counts.marked += len(marked)
