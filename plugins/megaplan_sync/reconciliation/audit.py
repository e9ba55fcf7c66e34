"""Finds rows edited by hand: compares them with their own payload, in Postgres and without requests to Megaplan.

If the checksum does not match the payload, one of the two was changed, and only Megaplan knows which: the row is a
suspect. Otherwise the payload is right: columns and children that differ from it are rederived.
"""

from collections.abc import Iterator
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
    suspects = _audit(connection, account, recorded, recorded.entity.name)
    if children is None:
        return
    if not children.rederive:
        _audit(connection, account, recorded, children.table)
        return
    for ids in _present_ids(connection, account, recorded.entity.name):
        recorded.rederive(recorded.entity.name, [], recorded.differing(ids - suspects))


def _audit(connection: Connection[Any], account: str, recorded: RecordedWriter, table: str) -> set[int]:
    """Check the rows of one table with their own payload, and return the suspects."""
    values = {"table": table, "account": account}
    found = connection.execute(read_sql("audit_rows"), values).fetchall()
    suspects = {identity for identity, is_suspect in found if is_suspect}
    if recorded.entity.reading == "changes":  # lists without change times are compared with Megaplan anyway
        recorded.findings.note("suspect", [RowKey(identity) for identity in sorted(suspects)])
    underived = [identity for identity, is_suspect in found if not is_suspect]
    for start in range(0, len(underived), _ROWS_AT_ONCE):
        recorded.rederive(table, underived[start : start + _ROWS_AT_ONCE], [])
    return suspects


def _present_ids(connection: Connection[Any], account: str, table: str) -> Iterator[set[int]]:
    after = _BEFORE_THE_FIRST
    while True:
        values = {"table": table, "account": account, "after": after, "rows": _ROWS_AT_ONCE}
        (ids,) = connection.execute(read_sql("select_present_ids"), values).fetchone() or (None,)
        if ids is None:
            return
        yield set(ids)
        after = max(ids)
