"""A column of line items more is a change of one file of SQL and a migration, which fills it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.sql import statements
from megaplan_sync.raw import migrations, schema
from megaplan_sync.raw.entities import ENTITIES
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.raw.writer import EntityWriter

Sync = Callable[..., dict[str, EntityOutcome]]
OF_THE_FILE = (
    "create_deal_position_reader",
    "create_deal_position_table",
    "create_deal_position_functions",
    "write_deals",
    "find_differing_deal_positions",
    "rederive_deal_positions",
)
"""Statements of ``include/sql/raw/deal_positions.sql``: no other names a column of line items."""
MIGRATION = """ALTER TABLE megaplan_raw.deal_positions ADD COLUMN IF NOT EXISTS one_more text;
UPDATE megaplan_raw.deal_positions AS item SET one_more = derived.one_more
FROM megaplan_raw.deals, megaplan_raw.deal_positions_of(deals.payload) AS derived
WHERE deals.account = item.account AND deals.id = item.deal_id AND derived.id = item.id"""


@pytest.fixture
def template(loaded_template: str) -> str:
    """These tests begin with a loaded account."""
    return loaded_template


def with_one_more(statement: str) -> str:
    """Return a statement with another column wherever it names the last one."""
    text = statement.replace(
        "-> 'originalOffer')", "-> 'originalOffer'), megaplan_raw.as_text(item -> 'contentType')"
    )
    text = re.sub(
        r"^(  catalogue_offer_id +bigint, -- .*)$", r"\1\n  one_more text, -- New", text, flags=re.MULTILINE
    )
    text = text.replace("catalogue_offer_id bigint\n", "catalogue_offer_id bigint, one_more text\n")
    text = text.replace("catalogue_offer_id = excluded", "one_more = excluded.one_more, last = excluded")
    text = re.sub(r"(\b\w+\.)?catalogue_offer_id(?! +bigint|,\n    changed_at)", r"\g<0>, \1one_more", text)
    return text.replace("last = excluded", "catalogue_offer_id = excluded")


def test_the_column_is_filled_by_the_migration_and_written_and_compared_afterwards(
    database: Connection[Any], sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = max(migrations.MIGRATIONS) + 1
    for name in OF_THE_FILE:
        monkeypatch.setitem(statements(), name, with_one_more(statements()[name]))
    monkeypatch.setitem(statements(), f"migrate_to_{following}", MIGRATION)
    monkeypatch.setitem(migrations.MIGRATIONS, following, f"migrate_to_{following}")
    monkeypatch.setattr(schema, "SCHEMA_VERSION", following)
    kinds = "SELECT DISTINCT one_more FROM megaplan_raw.deal_positions WHERE deleted_at IS NULL"
    writer = EntityWriter(ENTITIES["deals"])

    assert prepare_raw_schema(database)
    assert database.execute(kinds).fetchall() == [("OfferRow",)]
    ((account, ids),) = database.execute(
        "SELECT account, array_agg(id) FROM megaplan_raw.deals GROUP BY account"
    ).fetchall()
    assert writer.differing(database, account, ids) == []

    database.execute("UPDATE megaplan_raw.deal_positions SET one_more = 'by hand'")
    assert writer.differing(database, account, ids)
    writer.rederive(database, account, ids)
    assert database.execute(kinds).fetchall() == [("OfferRow",)]

    database.execute("DELETE FROM megaplan_raw.deal_positions")
    database.execute("DELETE FROM megaplan_raw.deals")
    sync("deals", full_refresh=True)
    assert database.execute(kinds).fetchall() == [("OfferRow",)]
