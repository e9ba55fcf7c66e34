"""How far the reading of an entity has come, kept in ``megaplan_sync.walks``."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from megaplan_sync.kernel.sql import read_sql


@dataclass
class WalkState:
    """One row of ``megaplan_sync.walks``; the table's comments say what each column means."""

    trail: list[dict[str, Any]] | None = None
    pages_read: int = 0
    rows_read: int = 0
    loaded_at: datetime | None = None
    refresh_run: str | None = None
    watermark: datetime | None = None
    watermark_settled: bool = False
    fields: list[str] | None = field(default=None)
    fields_watermark: datetime | None = None
    read_at: datetime | None = None

    @classmethod
    def load(cls, connection: Connection[Any], account: str, entity: str) -> "WalkState":
        """Read the state; an entity that was never read has an empty one."""
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(read_sql("select_walk"), {"account": account, "entity": entity})
            row = cursor.fetchone()
        return cls(**row) if row else cls()

    def save(self, connection: Connection[Any], account: str, entity: str) -> None:
        """Write the state, within the caller's transaction if there is one."""
        values = asdict(self)
        values["trail"] = None if self.trail is None else Jsonb(self.trail)
        connection.execute(read_sql("save_walk"), {"account": account, "entity": entity, **values})
