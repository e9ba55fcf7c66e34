"""Finds rows edited by hand: compares them with their own payload, in Postgres and without requests to Megaplan.

If the checksum does not match the payload, one of the two was changed, and only Megaplan knows which: the row is a
suspect. Otherwise the payload is right: columns and children that differ from it are rederived.
"""

from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter

_ROWS_AT_ONCE = 5000
_BEFORE_THE_FIRST = -(2**63)


def audit(connection: Connection[Any], account: str, recorded: RecordedWriter) -> None:
    """Check every present row of an entity and its children; each repair is a transaction."""
    children = recorded.entity.children
    _audit(connection, account, recorded, recorded.entity.name)
    if children is not None and not children.rederive:
        _audit(connection, account, recorded, children.table)


def _audit(connection: Connection[Any], account: str, recorded: RecordedWriter, table: str) -> None:
    after = _BEFORE_THE_FIRST
    while True:
        ids, suspects, underived = connection.execute(
            read_sql("audit_rows"),
            {"table": table, "account": account, "after": after, "rows": _ROWS_AT_ONCE},
        ).fetchone() or (None, [], [])
        if ids is None:
            return
        if (
            recorded.entity.reading == "changes"
        ):  # lists without change times are compared with Megaplan anyway
            recorded.findings.note("suspect", [RowKey(identity) for identity in suspects])
        differing = recorded.differing(set(ids).difference(suspects)) if table == recorded.entity.name else []
        recorded.rederive(table, underived, differing)
        after = max(ids)
