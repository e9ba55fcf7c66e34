"""Rebuilds the columns of a raw table whose rows have an id and a payload of their own."""

from collections.abc import Callable, Sequence

from megaplan_sync.raw.canonical import Entity, content
from megaplan_sync.raw.page_writers import DIRECTORY_WRITERS
from megaplan_sync.raw.tables import RawTable
from megaplan_sync.rebuild.chunks import FIRST, ROWS_AT_ONCE, Chunks
from megaplan_sync.rebuild.columns import keys, typed_columns
from megaplan_sync.rebuild.rederived import MadeAnew, StoredRow, sort_out


def rebuild_table(
    chunks: Chunks,
    table: RawTable,
    make: Callable[[Entity], MadeAnew],
    and_then: Callable[[Sequence[MadeAnew], Sequence[int]], None] = lambda believed, left: None,
) -> None:
    """Rebuild the columns of all rows, deleted ones too: they stay deleted.

    :param make: makes the row of an entity
    :param and_then: does more in the transaction of each chunk, with what is believed and the ids of the other rows
    """
    counts = chunks.counts(table.name)

    def step(after: int) -> int | None:
        stored = [
            StoredRow(*row)
            for row in chunks.execute(
                "select_stored_payloads", entity=table.name, after=after, rows=ROWS_AT_ONCE
            )
        ]
        if not stored:
            return None
        believed, left = sort_out(f"{table.name} of {chunks.account}", stored, make)
        counts.read += len(stored)
        counts.left += len(left)
        with chunks.connection.cursor() as cursor:
            table.stage(cursor, [made.without_payload() for made in believed])
        ((corrected,),) = chunks.execute(
            "correct_rows", entity=table.name, keys=keys(table.name), columns=typed_columns(table.name)
        )
        counts.corrected += corrected
        and_then(believed, left)
        return stored[-1].id

    chunks.go_through(FIRST, step)


def rebuild_directory(chunks: Chunks, name: str) -> None:
    """Rebuild a table whose entities are one row each."""
    writer = DIRECTORY_WRITERS[name]
    rebuild_table(
        chunks,
        writer.table,
        lambda entity: MadeAnew(writer.row_of(chunks.account, entity, content(entity))),
    )
