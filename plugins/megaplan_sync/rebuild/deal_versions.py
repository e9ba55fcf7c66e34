"""Rebuilds versions of deals: ended ones from their own payload, present ones from the deals."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from megaplan_sync.raw.canonical import Entity, content
from megaplan_sync.raw.flatten import deal_row
from megaplan_sync.raw.history.deal_versions import DealHistory
from megaplan_sync.raw.tables import RawTable
from megaplan_sync.rebuild.chunks import FIRST, ROWS_AT_ONCE, Chunks
from megaplan_sync.rebuild.columns import keys, typed_columns
from megaplan_sync.rebuild.rederived import MadeAnew, made_anew, tell_left
from megaplan_sync.rebuild.version_row import deal_version_row

_TABLE = RawTable("deal_versions", "stage_deal_versions")


class StoredVersion(NamedTuple):
    """An ended version as it stands in the table."""

    deal_id: int
    valid_from: datetime
    payload: str | None
    content_hash: str


class VersionKey(NamedTuple):
    """Which version of an account."""

    deal_id: int
    valid_from: datetime


def rebuild_open_versions(chunks: Chunks, believed: Sequence[MadeAnew]) -> None:
    """Make the present versions what the deals are, within the caller's transaction.

    A present deal whose version was lost gets one; a deleted one's ends when the deal was found to be gone.
    """
    counts = chunks.counts(_TABLE.name)
    present = [made.row.id for made in believed if not made.is_deleted]
    deleted = [made.row.id for made in believed if made.is_deleted]
    counts.read += len(present)
    counts.corrected += len(chunks.execute("correct_open_versions", ids=present))
    counts.corrected += DealHistory.close(chunks.connection, chunks.account, deleted)
    counts.inserted += len(chunks.execute("insert_lost_versions", ids=present))


def rebuild_ended_versions(chunks: Chunks) -> set[int]:
    """Make the columns of ended versions what their payload says.

    :returns: deals with a version that is left as it is
    """
    counts = chunks.counts(_TABLE.name)
    doubtful: set[int] = set()

    def make(entity: Entity) -> MadeAnew:
        return MadeAnew(deal_row(chunks.account, entity, content(entity)))

    def step(after: VersionKey) -> VersionKey | None:
        stored = [
            StoredVersion(*row)
            for row in chunks.execute(
                "select_stored_versions",
                after_deal=after.deal_id,
                after_valid_from=after.valid_from,
                rows=ROWS_AT_ONCE,
            )
        ]
        if not stored:
            return None
        staged, left = [], []
        for version in stored:
            made = version.payload and made_anew(version.deal_id, version.payload, version.content_hash, make)
            if made:
                staged.append(deal_version_row(made.row, version.valid_from))
            else:
                left.append(version.deal_id)
        tell_left(f"ended versions of deals of {chunks.account}", left)
        with chunks.connection.cursor() as cursor:
            _TABLE.stage(cursor, staged)
        ((corrected,),) = chunks.execute(
            "correct_rows", entity=_TABLE.name, keys=keys(_TABLE.name), columns=typed_columns(_TABLE.name)
        )
        counts.read += len(stored)
        counts.left += len(left)
        counts.corrected += corrected
        doubtful.update(left)
        return VersionKey(stored[-1].deal_id, stored[-1].valid_from)

    chunks.go_through(VersionKey(FIRST, datetime.min.replace(tzinfo=UTC)), step)
    return doubtful
