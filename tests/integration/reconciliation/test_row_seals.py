"""Rows that an audit has verified are made anew only when something about them has changed since."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.reconciliation import row_checksums
from megaplan_sync.reconciliation.row_checksums import RowSeals
from tests.integration import truth
from tests.integration.conftest import DEALS
from tests.integration.reconciliation.conftest import Reconcile

_DEAL = "(SELECT min(deal_id) FROM megaplan_raw.deal_positions)"
_POSITION = f"id = (SELECT min(id) FROM megaplan_raw.deal_positions WHERE deal_id = {_DEAL})"
_CONTACT = "(SELECT min(contact_id) FROM megaplan_raw.contact_points)"
_POINT = f"contact_id = {_CONTACT} AND position = 0"

BY_HAND = {
    # what somebody does to one row, or to what hangs on it: entity, its id, statement
    "typed column": ("deals", _DEAL, f"UPDATE megaplan_raw.deals SET name = name || '!' WHERE id = {_DEAL}"),
    "column becomes null": ("deals", _DEAL, f"UPDATE megaplan_raw.deals SET price = NULL WHERE id = {_DEAL}"),
    "custom fields": (
        "deals",
        _DEAL,
        f"UPDATE megaplan_raw.deals SET custom_fields = custom_fields || '{{\"x\": 1}}' WHERE id = {_DEAL}",
    ),
    "payload": (
        "deals",
        _DEAL,
        f"UPDATE megaplan_raw.deals SET payload = payload || '{{\"x\": 1}}' WHERE id = {_DEAL}",
    ),
    "hash": ("deals", _DEAL, f"UPDATE megaplan_raw.deals SET content_hash = 'x' WHERE id = {_DEAL}"),
    "part's column": ("deals", _DEAL, f"UPDATE megaplan_raw.deal_positions SET name = 'x' WHERE {_POSITION}"),
    "part's payload": (
        "deals",
        _DEAL,
        f"UPDATE megaplan_raw.deal_positions SET payload = '{{}}' WHERE {_POSITION}",
    ),
    "part marked as deleted": (
        "deals",
        _DEAL,
        f"UPDATE megaplan_raw.deal_positions SET deleted_at = now() WHERE {_POSITION}",
    ),
    "part deleted": ("deals", _DEAL, f"DELETE FROM megaplan_raw.deal_positions WHERE {_POSITION}"),
    "part added": (
        "deals",
        _DEAL,
        f"""INSERT INTO megaplan_raw.deal_positions (account, id, deal_id, position, payload, content_hash)
        SELECT account, -1, deal_id, 99, payload, content_hash FROM megaplan_raw.deal_positions WHERE {_POSITION}""",
    ),
    "seal changed": (
        "deals",
        _DEAL,
        f"UPDATE megaplan_sync.row_seals SET seal = seal + 1 WHERE entity = 'deals' AND id = {_DEAL}",
    ),
    "seal lost": (
        "deals",
        _DEAL,
        f"DELETE FROM megaplan_sync.row_seals WHERE entity = 'deals' AND id = {_DEAL}",
    ),
    "contact's column": (
        "contacts",
        _CONTACT,
        f"UPDATE megaplan_raw.contacts SET responsible_ids = '{{1}}' WHERE id = {_CONTACT}",
    ),
    "contact's payload": (
        "contacts",
        _CONTACT,
        f"UPDATE megaplan_raw.contacts SET payload = payload || '{{\"x\": 1}}' WHERE id = {_CONTACT}",
    ),
    "contact's detail": (
        "contacts",
        _CONTACT,
        f"UPDATE megaplan_raw.contact_points SET phone_e164 = '+70000000000' WHERE {_POINT}",
    ),
    "contact's detail deleted": (
        "contacts",
        _CONTACT,
        f"DELETE FROM megaplan_raw.contact_points WHERE {_POINT}",
    ),
}


@pytest.fixture
def unverified(database: Connection[Any]) -> Callable[..., list[int]]:
    """Tell which rows the next audit would make anew."""

    def ask(entity: str, phone_region: str = "RU") -> list[int]:
        (account,) = database.execute("SELECT account FROM megaplan_sync.accounts").fetchone() or (None,)
        seals = RowSeals(database, account, entity, phone_region=phone_region)
        return [identity for ids in seals.unverified() for identity in ids]

    return ask


def test_each_change_by_hand_breaks_just_the_seal_of_its_row(
    loaded: Reconcile, database: Connection[Any], unverified: Callable[..., list[int]]
) -> None:
    loaded("deals", "contacts")
    assert unverified("deals") == unverified("contacts") == []
    assert len(unverified("contacts", phone_region="KZ")) > 0, "phones would be read in another way"
    found: dict[str, list[int]] = {}
    expected: dict[str, list[int]] = {}
    for name, (entity, row, statement) in BY_HAND.items():
        with database.transaction(force_rollback=True):
            expected[name] = [(database.execute(f"SELECT {row}").fetchone() or (0,))[0]]
            assert database.execute(statement).rowcount == 1, name
            found[name] = unverified(entity)
    assert found == expected


def test_moving_a_part_breaks_both_seals(
    loaded: Reconcile, database: Connection[Any], unverified: Callable[..., list[int]]
) -> None:
    loaded("deals")
    first, last = database.execute(
        "SELECT min(deal_id), max(deal_id) FROM megaplan_raw.deal_positions"
    ).fetchone() or (0, 0)
    database.execute(f"UPDATE megaplan_raw.deal_positions SET deal_id = {last} WHERE {_POSITION}")
    assert unverified("deals") == [first, last]


def test_without_seals_and_under_other_rules_all_rows_are_made_anew(
    loaded: Reconcile,
    database: Connection[Any],
    unverified: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded("deals")
    with monkeypatch.context() as patch:
        patch.setattr(row_checksums, "_RULES", ("raw/flatten",))
        row_checksums.rules.cache_clear()
        assert len(unverified("deals")) == DEALS, "the code has changed"
    row_checksums.rules.cache_clear()
    assert unverified("deals") == []
    database.execute("TRUNCATE megaplan_sync.row_seals")
    assert len(unverified("deals")) == DEALS


def test_only_rows_that_fit_their_payload_are_sealed(
    loaded: Reconcile, database: Connection[Any], unverified: Callable[..., list[int]]
) -> None:
    ids = [
        row[0] for row in database.execute("SELECT id FROM megaplan_raw.deals ORDER BY id LIMIT 3").fetchall()
    ]
    column, payload, content_hash = ids
    database.execute("UPDATE megaplan_raw.deals SET name = 'x' WHERE id = %s", (column,))
    database.execute(
        "UPDATE megaplan_raw.deals SET payload = payload || '{\"x\": 1}' WHERE id = %s", (payload,)
    )
    database.execute("UPDATE megaplan_raw.deals SET content_hash = 'x' WHERE id = %s", (content_hash,))
    loaded("deals")
    sealed = {row[0] for row in database.execute("SELECT id FROM megaplan_sync.row_seals").fetchall()}
    assert len(sealed) == DEALS - 3
    assert sealed.isdisjoint(ids)
    assert unverified("deals") == ids


def test_what_is_changed_by_hand_after_a_proven_night_is_repaired_in_the_next(
    loaded: Reconcile,
    megaplan: EmulatedMegaplan,
    database: Connection[Any],
    unverified: Callable[..., list[int]],
) -> None:
    loaded("deals")
    database.execute(f"UPDATE megaplan_raw.deals SET price = 1 WHERE id = {_DEAL}")
    database.execute(f"UPDATE megaplan_raw.deal_positions SET name = 'x' WHERE {_POSITION}")
    certificates = loaded("deals")
    assert (certificates["deals"].stale, certificates["deals"].repaired) == (1, 1)
    assert (certificates["deal_positions"].stale, certificates["deal_positions"].repaired) == (1, 1)
    assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert truth.loaded_positions(database) == truth.positions(megaplan)
    assert unverified("deals") == [], "it is again what was verified the night before"


@pytest.mark.parametrize("table", ["deals", "contacts"])
def test_seals_cost_the_same_for_each_row_before_there_are_statistics(
    loaded: Reconcile, database: Connection[Any], table: str
) -> None:
    """A regression: with a table just loaded, all its parts, or all seals, were gone through for each row."""
    loaded(table)
    ids = [identity for (identity,) in database.execute(f"SELECT id FROM megaplan_raw.{table}").fetchall()]
    account = database.execute("SELECT account FROM megaplan_sync.accounts").fetchone() or ("",)
    values = {"account": account[0], "ids": ids, "rules": 1, "after": 0, "rows": len(ids)}
    for statement in ("select_next_ids", "select_seals", "find_broken_seals"):
        assert rows_touched(database, f"{statement}_of_{table}", values) < 20 * len(ids), statement


def rows_touched(database: Connection[Any], statement: str, values: dict[str, Any]) -> int:
    """Return how many rows all steps of a plan have produced or left out."""

    def of(plan: dict[str, Any]) -> int:
        rows = plan["Actual Rows"] + sum(
            told for name, told in plan.items() if name.startswith("Rows Removed")
        )
        return int(rows * plan["Actual Loops"]) + sum(of(step) for step in plan.get("Plans", []))

    with database.transaction():
        database.execute(read_sql("prefer_indexes"))
        explained = database.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON)\n{read_sql(statement)}", values
        ).fetchone()
    assert explained is not None
    return of(explained[0][0]["Plan"])
