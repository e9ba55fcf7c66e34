"""Rebuilds the stage moves that follow from versions of deals."""

from collections.abc import Collection

from megaplan_sync.rebuild.chunks import FIRST, ROWS_AT_ONCE, Chunks


def rebuild_stage_moves(chunks: Chunks, doubtful: Collection[int]) -> None:
    """Make the moves of source ``versions`` what follows from the versions.

    What is touched and what is not: the statement ``rebuild_stage_moves``.

    :param doubtful: deals whose moves stay as they are, for not all of their versions could be rebuilt
    """
    counts = chunks.counts("deal_stage_moves")

    def step(after: int) -> int | None:
        deals = [
            deal for (deal,) in chunks.execute("select_deals_with_versions", after=after, rows=ROWS_AT_ONCE)
        ]
        if not deals:
            return None
        believed = [deal for deal in deals if deal not in doubtful]
        ((read, corrected, inserted, deleted),) = chunks.execute("rebuild_stage_moves", ids=believed)
        counts.read += read
        counts.corrected += corrected
        counts.inserted += inserted
        counts.deleted += deleted
        return int(deals[-1])

    chunks.go_through(FIRST, step)
