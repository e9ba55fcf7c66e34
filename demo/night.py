"""Changes that the sync cannot see, and the certificate of the reconciliation that finds them."""

from typing import NamedTuple

import psycopg

from demo.emulated_megaplan import EmulatedMegaplan

DAG_ID = "megaplan_reconciliation"


class Certified(NamedTuple):
    """One row of the certificate."""

    entity: str
    verdict: str
    same: int | None
    missing: int
    stale: int
    extra: int
    repaired: int
    deleted: int
    unresolved: int


def harm(raw_database_uri: str, megaplan: EmulatedMegaplan) -> str:
    """Change Megaplan and the tables behind the sync's back; return a description."""
    megaplan.control("mutate", {"op": "delete_deals", "count": 7, "seed": 7})
    megaplan.control("mutate", {"op": "touch_many", "count": 20, "seed": 3, "touch": False})
    with psycopg.connect(raw_database_uri) as connection:
        connection.execute(
            "DELETE FROM megaplan_raw.deals WHERE (account, id) IN"
            " (SELECT account, id FROM megaplan_raw.deals ORDER BY id LIMIT 5)"
        )
        connection.execute(
            """UPDATE megaplan_raw.contacts SET payload = payload || '{"name": "changed by hand"}'
            WHERE (account, id) IN (SELECT account, id FROM megaplan_raw.contacts ORDER BY id LIMIT 3)"""
        )
    return (
        "7 deals are deleted in Megaplan and 20 changed without a new change time; 5 deals are deleted and "
        "3 contacts changed in Postgres by hand."
    )


def certificate(raw_database_uri: str) -> list[Certified]:
    """Return the certificate of the latest run."""
    with psycopg.connect(raw_database_uri) as connection:
        rows = connection.execute(
            "SELECT entity, verdict, same, missing, stale, extra, repaired, deleted, unresolved"
            " FROM megaplan_raw.certificates"
            " WHERE run_id = (SELECT run_id FROM megaplan_raw.certificates ORDER BY issued_at DESC LIMIT 1)"
            " ORDER BY entity"
        ).fetchall()
    return [Certified(*row) for row in rows]


def as_text(certified: list[Certified]) -> str:
    """Return the certificate as a table for the terminal."""
    heads = [name.rjust(11) for name in Certified._fields[2:]]
    lines = [f"{'certificate':<20}{'verdict':<12}{''.join(heads)}"]
    for row in certified:
        numbers = "".join(f"{'?' if number is None else number:>11}" for number in row[2:])
        lines.append(f"{row.entity:<20}{row.verdict:<12}{numbers}")
    return "\n".join(lines)
