"""How far an entity has been read, saved in ``megaplan_sync.walks``."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.sql import read_sql


@dataclass
class CursorState:
    """One row of ``megaplan_sync.walks``; the table's comments say what each column means."""

    cursor: list[dict[str, Any]] | None = None
    pages_read: int = 0
    rows_read: int = 0
    loaded_at: datetime | None = None
    refresh_run: str | None = None
    watermark: datetime | None = None
    watermark_seen_at: datetime | None = None
    fields: list[str] | None = field(default=None)
    fields_watermark: datetime | None = None
    read_at: datetime | None = None
    reread_fields: list[str] | None = None
    reread_cursor: list[dict[str, Any]] | None = None

    @classmethod
    def load(cls, connection: Connection[Any], account: str, entity: str) -> "CursorState":
        """Load the state; it is empty for an entity that was never read."""
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(read_sql("select_cursor_state"), {"account": account, "entity": entity})
            row = cursor.fetchone()
        return cls(**row) if row else cls()

    def save(self, connection: Connection[Any], account: str, entity: str) -> None:
        """Save the state, in the caller's transaction if there is one."""
        values = dict(vars(self))
        for name in ("cursor", "reread_cursor"):
            values[name] = None if values[name] is None else json_text(values[name])
        connection.execute(read_sql("save_cursor_state"), {"account": account, "entity": entity, **values})
