"""Rebuilds deals with their positions and contacts with their contact details."""

from collections.abc import Callable, Sequence

from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.page_writers import OwnerWriter, contacts_writer, deals_writer
from megaplan_sync.raw.tables import RawTable
from megaplan_sync.rebuild.chunks import Chunks
from megaplan_sync.rebuild.columns import keys, part_columns
from megaplan_sync.rebuild.deal_versions import rebuild_ended_versions, rebuild_open_versions
from megaplan_sync.rebuild.entity_table import rebuild_table
from megaplan_sync.rebuild.rederived import MadeAnew
from megaplan_sync.rebuild.stage_moves import rebuild_stage_moves


def rebuild_deals(chunks: Chunks) -> None:
    """Rebuild deals, positions, versions and, from these, stage moves."""
    writer = deals_writer()
    doubtful: set[int] = set()

    def and_then(believed: Sequence[MadeAnew], left: Sequence[int]) -> None:
        _rebuild_parts(chunks, writer, believed, "deal_id", drop_contested=True)
        rebuild_open_versions(chunks, believed)
        doubtful.update(left)

    rebuild_table(chunks, writer.owners, _made_by(writer, chunks.account), and_then)
    doubtful |= rebuild_ended_versions(chunks)
    rebuild_stage_moves(chunks, doubtful)


def rebuild_contacts(chunks: Chunks, phone_region: str) -> None:
    """Rebuild contacts and contact details; national phone numbers are read as those of ``phone_region``."""
    writer = contacts_writer(phone_region)

    def and_then(believed: Sequence[MadeAnew], left: Sequence[int]) -> None:
        _rebuild_parts(chunks, writer, believed, "contact_id")

    rebuild_table(chunks, writer.owners, _made_by(writer, chunks.account), and_then)


def _made_by(writer: OwnerWriter, account: str) -> Callable[[Entity], MadeAnew]:
    return lambda entity: MadeAnew(*writer.rows_of(account, entity))


def _rebuild_parts(
    chunks: Chunks,
    writer: OwnerWriter,
    believed: Sequence[MadeAnew],
    owner_key: str,
    *,
    drop_contested: bool = False,
) -> None:
    table: RawTable = writer.parts
    parts = [part for made in believed for part in made.parts]
    with chunks.connection.cursor() as cursor:
        table.stage(cursor, parts)
    if drop_contested and parts:
        chunks.execute("delete_contested_positions")
    ((corrected, inserted, marked),) = chunks.execute(
        "settle_parts",
        entity=table.name,
        keys=keys(table.name),
        columns=part_columns(table.name),
        owner=writer.owners.name,
        owner_key=owner_key,
        owner_ids=[made.row.id for made in believed],
    )
    counts = chunks.counts(table.name)
    counts.read += len(parts)
    counts.corrected += corrected
    counts.inserted += inserted
    counts.marked += marked
