"""Deletes what nights and syncs have noted and nobody needs any more, in batches of their own transactions.

Certificates and versions of deals are kept as long as the connection says, findings and states of nights for 30 days.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql

BATCH_ROWS = 1000


def delete_old_notes_of_nights(connection: Connection[Any], *, batch_rows: int = BATCH_ROWS) -> int:
    """Delete old findings and states of nights of all accounts; return how many.

    :param connection: in autocommit mode; each batch has its own transaction
    :param batch_rows: rows per transaction
    """
    return sum(
        _delete(connection, statement, {"limit": batch_rows})
        for statement in ("delete_old_findings", "delete_old_reconciliations")
    )


def delete_old_certificates(
    connection: Connection[Any], account: str, days: int, *, batch_rows: int = BATCH_ROWS
) -> int:
    """Delete certificates that were issued earlier, except those that a later night asks for; return how many."""
    return _delete(
        connection, "delete_old_certificates", {"account": account, "days": days, "limit": batch_rows}
    )


def delete_old_versions(
    connection: Connection[Any], account: str, days: int, *, batch_rows: int = BATCH_ROWS
) -> int:
    """Delete past versions of deals that ended earlier; return how many."""
    total = 0
    values: dict[str, Any] = {"account": account, "days": days, "limit": batch_rows, "after": "-infinity"}
    while True:
        deleted, until = connection.execute(read_sql("delete_old_versions"), values).fetchone() or (0, None)
        total += deleted
        if deleted < batch_rows:
            return total
        values["after"] = until  # what was deleted may still be in the index


def _delete(connection: Connection[Any], statement: str, values: dict[str, Any]) -> int:
    total = 0
    while True:
        deleted = connection.execute(read_sql(statement), values).rowcount
        total += deleted
        if deleted < values["limit"]:
            return total
