"""Views that were dropped or changed are what they were; what people built on them is not dropped."""

from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from megaplan_sync.rebuild.exceptions import ViewInUseError
from megaplan_sync.rebuild.views import recreate_views
from tests.integration.rebuild.conftest import Rebuild, Sync, read_wrongly


@pytest.fixture
def loaded(sync: Sync, database: Connection[Any]) -> Connection[Any]:
    sync("custom_fields", "currencies")
    return database


def views(database: Connection[Any]) -> list[tuple[Any, ...]]:
    """Return definitions, columns and comments."""
    return database.execute(
        """SELECT relname, pg_get_viewdef(view.oid), obj_description(view.oid), attname,
          col_description(attrelid, attnum)
        FROM pg_class AS view JOIN pg_attribute ON attrelid = view.oid
        WHERE relnamespace IN ('megaplan'::regnamespace, 'megaplan_raw'::regnamespace) AND relkind = 'v'
        ORDER BY relnamespace, relname, attnum"""
    ).fetchall()


def test_dropped_views_are_back(loaded: Connection[Any]) -> None:
    before = views(loaded)
    assert {row[0] for row in before} >= {
        "deals",
        "contacts",
        "deal_positions",
        "employees",
        "pipeline_stages",
        "custom_field_values",
        "deal_versions",
        "deal_stage_moves",
    }
    assert any(name.startswith("cf_") for *_, name, _ in before)
    loaded.execute("DROP VIEW megaplan.deals CASCADE")
    loaded.execute("DROP VIEW megaplan.contacts, megaplan_raw.deal_versions")
    assert recreate_views(loaded) is False
    assert views(loaded) == before


def test_a_view_with_another_condition_is_corrected_in_its_place(loaded: Connection[Any]) -> None:
    before = views(loaded)
    loaded.execute("CREATE VIEW public.report AS SELECT name FROM megaplan.employees")
    (definition,) = {row[1] for row in before if row[0] == "employees"}
    loaded.execute(
        f"CREATE OR REPLACE VIEW megaplan.employees AS {definition.replace('IS NULL', 'IS NOT NULL')}"
    )
    loaded.execute("COMMENT ON VIEW megaplan.employees IS 'by hand'")
    assert views(loaded) != before
    assert recreate_views(loaded) is False
    assert views(loaded) == before


@pytest.mark.parametrize("view", ["megaplan.deals", "megaplan_raw.deal_versions", "an account's"])
def test_a_view_with_other_columns_is_dropped_and_created_again(loaded: Connection[Any], view: str) -> None:
    before = views(loaded)
    if view == "an account's":
        ((name,),) = loaded.execute("SELECT 'megaplan.' || deals_view FROM megaplan_sync.accounts").fetchall()
        view = str(name)
    loaded.execute(f"DROP VIEW {view} CASCADE")
    loaded.execute(f"CREATE VIEW {view} AS SELECT name, id FROM megaplan_raw.deals")
    assert recreate_views(loaded) is True
    assert views(loaded) == before


def test_what_people_built_on_such_a_view_is_not_dropped_but_reported(loaded: Connection[Any]) -> None:
    loaded.execute("DROP VIEW megaplan.deals CASCADE")
    loaded.execute("DROP VIEW megaplan.contacts")
    loaded.execute("CREATE VIEW megaplan.deals AS SELECT name, id FROM megaplan_raw.deals")
    loaded.execute("CREATE VIEW public.report AS SELECT * FROM megaplan.deals")
    with pytest.raises(ViewInUseError, match=r"view report depends on view megaplan\.deals") as failed:
        recreate_views(loaded)
    assert "Drop them, clear the task" in str(failed.value)
    left = {"deals", "deal_positions", "employees", "pipeline_stages", "custom_field_values"}
    assert {row[0] for row in views(loaded)} == left | {"deal_versions", "deal_stage_moves"}


def test_titles_of_custom_fields_follow_their_rebuilt_labels(
    loaded: Connection[Any], rebuild: Rebuild
) -> None:
    before = views(loaded)
    read_wrongly(loaded, "custom_fields")
    recreate_views(loaded)
    assert views(loaded) != before
    rebuild("custom_fields")
    assert views(loaded) == before


def test_a_column_for_each_field_is_there_also_after_its_name_was_forgotten(loaded: Connection[Any]) -> None:
    before = views(loaded)
    loaded.execute("DROP VIEW megaplan.deals CASCADE")
    loaded.execute("DELETE FROM megaplan_sync.view_columns")
    recreate_views(loaded)
    assert views(loaded) == before
    field = Jsonb({"name": "Category1CustomFieldNew", "hrName": "New", "type": "String"})
    loaded.execute(
        """INSERT INTO megaplan_raw.custom_fields (account, entity, valid_from, payload, content_hash)
        SELECT account, 'Deal', now(), %s, '' FROM megaplan_sync.accounts""",
        (field,),
    )
    recreate_views(loaded)
    ((view,),) = loaded.execute("SELECT deals_view FROM megaplan_sync.accounts").fetchall()
    assert [row[3:] for row in views(loaded) if row[0] == view][-1] == ("cf_new", "New")
