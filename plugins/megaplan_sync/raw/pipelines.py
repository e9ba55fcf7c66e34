"""Reads pipelines (Megaplan's programs) with their stages (program states)."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw import tables
from megaplan_sync.raw.canonical import CanonicalPage, Entity, content, full_forms
from megaplan_sync.raw.entities import PIPELINES
from megaplan_sync.raw.flatten import entity_id, pipeline_row, pipeline_stage_rows
from megaplan_sync.raw.full_read import WholeWalk
from megaplan_sync.raw.page_writers import PageCounts
from megaplan_sync.raw.tables import Written


class PipelinesWritten(NamedTuple):
    """What a page of pipelines held, and which rows it changed."""

    pipeline_ids: Sequence[int]
    stage_ids: Sequence[int]
    pipelines: Written
    stages: Written
    removed_stages: Sequence[RowKey]


def read_pipelines(hook: MegaplanHook, connection: Connection[Any]) -> Iterator[PageCounts]:
    """Read and write all pipelines, yielding the counts of each page."""
    for programs, active in pages_of_pipelines(hook, connection):
        with connection.transaction():
            written = write_pipelines(connection, hook.account, programs, active)
        inserted = len(written.pipelines.inserted) + len(written.stages.inserted)
        updated = len(written.pipelines.updated) + len(written.stages.updated)
        yield PageCounts(len(written.pipeline_ids) + len(written.stage_ids), inserted, updated)


def pages_of_pipelines(
    hook: MegaplanHook, connection: Connection[Any]
) -> Iterator[tuple[list[Entity], set[str]]]:
    """Yield pages of programs, each with its states in full, and the ids of all active programs.

    A program does not say whether it is active: the list leaves inactive ones out unless asked for them
    (RAML r2510), so it is read both ways.
    """
    walk = WholeWalk(hook, connection, PIPELINES)
    active = {item["id"] for page in walk.pages() for item in page.items}
    for page in walk.pages(withInactivePrograms=True):
        yield [{**item, "states": _states(hook, page, item)} for item in page.items], active


def _states(hook: MegaplanHook, page: ListPage, program: Entity) -> list[Entity]:
    """Return a program's states in full: from the list if it carries them, else from their own route."""
    states = program.get("states")
    if isinstance(states, list):
        printed = {
            (form["contentType"], form["id"]): form
            for form in full_forms(page.data)
            if form["contentType"] == "ProgramState"
        }
        whole = [printed.get((state["contentType"], state["id"])) for state in states]
        if whole and all(state is not None and "name" in state for state in whole):
            return [state for state in whole if state is not None]
    return list(hook.program_states(program["id"]))


def write_pipelines(
    connection: Connection[Any], account: str, programs: list[Entity], active: set[str]
) -> PipelinesWritten:
    """Write a page of programs with their states, within the caller's transaction."""
    pipelines = []
    stages = {}
    for program in programs:
        states = list(program["states"])
        CanonicalPage().bring(states)
        CanonicalPage().bring([program])
        pipelines.append(pipeline_row(account, program, content(program), is_active=program["id"] in active))
        for row in pipeline_stage_rows(account, entity_id(program), states):
            stages[row.id] = row
    pipeline_ids = [row.id for row in pipelines]
    with connection.cursor() as cursor:
        written = tables.PIPELINES.write(cursor, pipelines)
        stages_written = tables.PIPELINE_STAGES.write(cursor, stages.values())
        cursor.execute(
            read_sql("mark_removed_pipeline_stages"),
            {"account": account, "pipeline_ids": pipeline_ids, "stage_ids": list(stages)},
        )
        removed = [RowKey(*row) for row in cursor.fetchall()]
    return PipelinesWritten(pipeline_ids, list(stages), written, stages_written, removed)
