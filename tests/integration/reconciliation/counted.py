"""What certificates say, as tuples that tests compare at one stroke; and what the tables hold of deletions."""

from typing import Any, NamedTuple

from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.certificate import Certificate


class Counted(NamedTuple):
    """The counts of a certificate; what is not named is 0."""

    in_table: int
    in_megaplan: int | None
    same: int | None
    missing: int = 0
    stale: int = 0
    extra: int = 0
    repaired: int = 0
    deleted: int = 0
    unresolved: int = 0


def counted(certificate: Certificate) -> Counted:
    return Counted(*(getattr(certificate, name) for name in Counted._fields))


def all_the_same(rows: int) -> Counted:
    return Counted(rows, rows, rows)


def gone(rows: int, extra: int, deleted: int | None = None) -> Counted:
    """So many rows, of which some are extra; all of them were marked unless fewer are named."""
    marked = extra if deleted is None else deleted
    left = rows - extra
    return Counted(rows, left, left, extra=extra, deleted=marked, unresolved=extra - marked)


def deleted_ids(database: Connection[Any], table: str = "deals") -> set[int]:
    rows = database.execute(f"SELECT id FROM megaplan_raw.{table} WHERE deleted_at IS NOT NULL").fetchall()
    return {identity for (identity,) in rows}


def present(database: Connection[Any], table: str) -> int:
    (rows,) = database.execute(
        f"SELECT count(*) FROM megaplan_raw.{table} WHERE deleted_at IS NULL"
    ).fetchone() or (0,)
    return int(rows)


def delete_deals(megaplan: EmulatedMegaplan, count: int, seed: int = 1) -> list[int]:
    ((deleted),) = megaplan.control("mutate", {"op": "delete_deals", "count": count, "seed": seed})
    return [int(identity) for identity in deleted["ids"]]


def proposals(database: Connection[Any]) -> list[tuple[Any, ...]]:
    """Number, kind, state, rows proposed at first, rows that still wait."""
    return database.execute(
        """SELECT number, kind, state, row_count, (SELECT count(*) FROM megaplan_sync.proposed_rows AS row
        WHERE row.number = proposal.number) FROM megaplan_sync.deletion_proposals AS proposal ORDER BY number"""
    ).fetchall()
