"""What the tests of the back-fill look at: stage moves, and which deals are marked as read."""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection


class Move(NamedTuple):
    """A row of ``deal_stage_moves`` but for its source."""

    deal_id: int
    moved_at: datetime
    from_program_id: int | None
    from_state_id: int | None
    to_program_id: int | None
    to_state_id: int
    employee_id: int | None


def moves(database: Connection[Any], source: str, deal: int | None = None) -> set[Move]:
    rows = database.execute(
        """SELECT deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id
        FROM megaplan_raw.deal_stage_moves WHERE source = %s AND coalesce(deal_id = %s, true)""",
        (source, deal),
    )
    return {Move(*row) for row in rows}


def marks(database: Connection[Any]) -> dict[int, str]:
    return dict(database.execute("SELECT deal_id, source FROM megaplan_sync.stage_backfills").fetchall())
