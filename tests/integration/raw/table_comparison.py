"""Comparing the raw tables with Megaplan, and with themselves before a load."""

from typing import Any

from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.entities import ALL_ENTITIES, CHILD_TABLES
from tests.integration import truth


def written_rows(database: Connection[Any]) -> dict[str, dict[Any, str]]:
    """Return which transaction wrote each row of every raw table: a row that was rewritten has another one."""
    return {
        table: dict(database.execute(f"SELECT ctid::text, xmin::text FROM megaplan_raw.{table}").fetchall())
        for table in (*ALL_ENTITIES, *CHILD_TABLES.values())
    }


def assert_equal_to_megaplan(database: Connection[Any], megaplan: EmulatedMegaplan) -> None:
    assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert truth.loaded_positions(database) == truth.positions(megaplan)
    assert truth.loaded_contacts(database) == truth.contacts(megaplan)


def loaded_except(rows: dict[int, truth.Row], gone: set[int]) -> dict[int, truth.Row]:
    return {identity: row for identity, row in rows.items() if identity not in gone}


def assert_equal_except(
    database: Connection[Any], megaplan: EmulatedMegaplan, gone: set[int], entity: str = "deals"
) -> None:
    """Compare all but what was deleted in Megaplan: marking that is the reconciliation's affair."""
    if entity == "contacts":
        assert loaded_except(truth.loaded_contacts(database), gone) == truth.contacts(megaplan)
        return
    assert loaded_except(truth.loaded_deals(database), gone) == truth.deals(megaplan)
    positions = truth.loaded_positions(database)
    assert {key: row for key, row in positions.items() if row[0] not in gone} == truth.positions(megaplan)
