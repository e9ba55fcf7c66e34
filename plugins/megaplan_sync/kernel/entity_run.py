"""The state of one run's reconciliation of one table, saved in ``megaplan_sync.reconciliations``."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from megaplan_sync.kernel.sql import read_sql


@dataclass
class EntityRun:
    """One row of that table; the table's comments say what each column means."""

    run_id: str
    account: str
    entity: str
    depth: str
    began_at: datetime
    rows_before: int
    requests: int = 0
    seconds: float = 0.0
    audited_at: datetime | None = None
    compared_at: datetime | None = None
    finished_at: datetime | None = None
    watermark: datetime | None = None
    verdict: str | None = None
    reason: str | None = None
    proposal: int | None = None
    _requests_elsewhere: int = field(default=0, init=False, repr=False)
    """The hook's requests that were not sent for this table, minus those that earlier tries sent for it."""

    @classmethod
    def begin(
        cls,
        connection: Connection[Any],
        run_id: str,
        account: str,
        entity: str,
        depth: str,
        statement: str = "begin_reconciliation",
    ) -> "EntityRun":
        """Begin, or continue where an earlier try of this run ended.

        :param statement: creates the row
        """
        values = {"run_id": run_id, "account": account, "entity": entity, "depth": depth}
        connection.execute(read_sql(statement), values)
        with connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(read_sql("select_reconciliation"), values).fetchone()
        if row is None:
            raise LookupError(f"{entity} of {account} was not begun")
        return cls(**row)

    def begin_counting_requests(self, sent: int) -> None:
        """Start counting; ``sent`` is how many requests the hook has sent so far."""
        self._requests_elsewhere = sent - self.requests

    def count_requests(self, sent: int) -> None:
        """Update the count; saved with every page, so that a killed run's requests count, too."""
        self.requests = sent - self._requests_elsewhere

    def save(self, connection: Connection[Any]) -> None:
        """Save the state, in the caller's transaction if there is one."""
        connection.execute(read_sql("save_reconciliation"), asdict(self))

    @property
    def is_proven(self) -> bool:
        """Whether nothing is left to do."""
        return self.finished_at is not None and self.verdict == "proven"
