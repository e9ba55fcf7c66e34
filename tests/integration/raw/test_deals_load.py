"""Loading: the raw tables equal Megaplan, row by row, and equal rows are not written."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth
from tests.integration.conftest import DEALS, list_requests

from .table_comparison import assert_equal_to_megaplan, written_rows

Sync = Callable[..., dict[str, EntityOutcome]]


def test_first_load_equals_megaplan(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync()
    assert len(truth.loaded_deals(database)) == DEALS
    assert_equal_to_megaplan(database, megaplan)
    counts = megaplan.control("state")["counts"]
    for table, name in {
        "employees": "Employee",
        "departments": "Department",
        "pipelines": "Program",
        "pipeline_stages": "ProgramState",
        "currencies": "Currency",
        "contact_types": "ContractorType",
        "advertising_ways": "ContractorAdvertisingWay",
    }.items():
        (rows,) = database.execute(f"SELECT count(*) FROM megaplan_raw.{table}").fetchone() or (None,)
        assert rows == counts[name], table


def test_custom_field_values_are_stored_as_megaplan_sent_them(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    plain = (str, int, float, bool, type(None))
    for card in megaplan.control("state?entity=deals&limit=100"):
        (loaded,) = database.execute(
            "SELECT payload FROM megaplan_raw.deals WHERE id = %s", (card["id"],)
        ).fetchone() or (None,)
        expected = {key: value for key, value in card.items() if "CustomField" in key}
        assert loaded is not None
        assert {key for key in loaded if "CustomField" in key} == expected.keys()
        for key, value in expected.items():
            if isinstance(value, plain) or (isinstance(value, dict) and "id" not in value):
                assert loaded[key] == value


def test_stages_stand_in_the_order_of_the_pipeline(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("pipelines")
    loaded = database.execute(
        """SELECT pipeline_id, array_agg(id ORDER BY position), min(position), max(position) + 1
        FROM megaplan_raw.pipeline_stages GROUP BY pipeline_id"""
    ).fetchall()
    expected = {
        int(program["id"]): [int(state["id"]) for state in program["states"]]
        for program in megaplan.control("state?entity=programs")
    }
    assert {row[0]: row[1] for row in loaded} == expected
    assert all(row[2] == 0 and row[3] == len(row[1]) for row in loaded)


def test_inactive_pipelines_are_known_as_such(sync: Sync, database: Connection[Any]) -> None:
    sync("pipelines")
    flags = [flag for (flag,) in database.execute("SELECT is_active FROM megaplan_raw.pipelines")]
    assert sorted(flags) == [False, True, True, True]


def test_phones_are_e164(sync: Sync, database: Connection[Any]) -> None:
    sync("contacts")
    phones = database.execute(
        "SELECT value, phone_e164 FROM megaplan_raw.contact_points WHERE type = 'phone'"
    ).fetchall()
    assert any(value.startswith("8 ") and normal.startswith("+79") for value, normal in phones if normal)
    assert all(normal is None or (normal[0] == "+" and normal[1:].isdigit()) for _, normal in phones)
    assert sum(normal is not None for _, normal in phones) > len(phones) * 0.9


def test_second_run_writes_nothing_and_asks_once(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync()
    before = written_rows(database)
    megaplan.control("requests", method="DELETE")
    outcomes = sync()
    assert written_rows(database) == before
    assert len(list_requests(megaplan, "/deal")) == 1
    assert len(list_requests(megaplan, "/contractor")) == 1
    asked = {entry["path"] for entry in megaplan.control("requests")}
    assert asked <= {"/api/v3/auth/access_token", "/api/v3/deal", "/api/v3/contractor"} | {
        path for path in asked if path.startswith("/api/v3/contractor/")
    }
    assert sum(outcome.changed for outcome in outcomes.values()) == 0


def test_directories_are_read_again_when_their_time_has_come(sync: Sync, megaplan: EmulatedMegaplan) -> None:
    sync()
    megaplan.control("requests", method="DELETE")
    sync("employees", directories_every_minutes=0)
    assert len(list_requests(megaplan, "/employee")) == 1


def test_directories_that_were_read_in_the_future_are_read_now(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    """A machine with a wrong clock has read them; they would not be read before that time has come."""
    sync("employees")
    database.execute("UPDATE megaplan_sync.walks SET read_at = now() + interval '1 year'")
    sync("employees")
    assert len(list_requests(megaplan, "/employee")) == 2
    assert sync("employees")["employees"].skipped


def test_one_percent_changed_writes_those_rows_only(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync()
    before = written_rows(database)["deals"]
    megaplan.control("mutate", {"op": "touch_many", "count": 4, "seed": 3})
    megaplan.control("requests", method="DELETE")
    outcomes = sync()
    assert (outcomes["deals"].inserted, outcomes["deals"].updated) == (0, 4)
    after = written_rows(database)["deals"]
    assert len(set(after.values()) - set(before.values())) == 1
    assert sum(before.get(place) == writer for place, writer in after.items()) == DEALS - 4
    assert len(list_requests(megaplan, "/deal")) == 1
    assert_equal_to_megaplan(database, megaplan)


def test_changes_on_several_pages_cost_those_pages_and_one(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync(page_size=50)
    megaplan.control("mutate", {"op": "touch_many", "count": 120, "seed": 3})
    megaplan.control("requests", method="DELETE")
    assert sync(page_size=50)["deals"].updated == 120
    assert len(list_requests(megaplan, "/deal")) <= 3 + 1
    assert_equal_to_megaplan(database, megaplan)


def test_positions_added_and_removed_follow_their_deal(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("deals")
    deal_id, kept = database.execute(
        "SELECT deal_id, count(*) FROM megaplan_raw.deal_positions GROUP BY 1 HAVING count(*) > 2 LIMIT 1"
    ).fetchone() or (None, 0)
    megaplan.control("mutate", {"op": "remove_position", "id": str(deal_id), "position": 0, "touch": True})
    sync("deals")
    assert truth.loaded_positions(database) == truth.positions(megaplan)
    gone = database.execute(
        "SELECT deletion_evidence ->> 'found_by' FROM megaplan_raw.deal_positions WHERE deleted_at IS NOT NULL"
    ).fetchall()
    assert gone == [("deal read whole, position absent",)]
    assert kept > 2


def test_a_new_custom_field_brings_back_what_was_changed_before_it_was_known(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync()
    (deal_id,) = database.execute(
        "SELECT min(id) FROM megaplan_raw.deals WHERE program_id = 14"
    ).fetchone() or (None,)
    added = megaplan.control(
        "mutate",
        {"op": "add_custom_field", "program": 14, "title": "Новое поле", "kind": "String"},
    )
    key = added[0]["key"]
    megaplan.control("mutate", {"op": "update_deal", "id": str(deal_id), "fields": {key: "значение"}})
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 7200})
    megaplan.control("mutate", {"op": "touch_many", "count": 3, "seed": 9})
    sync()  # the dictionary is not due: the value is not seen
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 7200})
    sync(directories_every_minutes=0)
    (value,) = database.execute(
        "SELECT payload ->> %s FROM megaplan_raw.deals WHERE id = %s", (key, deal_id)
    ).fetchone() or (None,)
    assert value == "значение"


@pytest.mark.parametrize("page_size", [1, 7, 100])
def test_page_size_does_not_matter(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, page_size: int
) -> None:
    sync("currencies", "contacts", page_size=page_size)
    assert truth.loaded_contacts(database) == truth.contacts(megaplan)


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"emit_has_more": True}, id="hasMoreNext sent"),
        pytest.param({"limit_cap": 30}, id="smaller pages than asked for"),
        pytest.param({"page_after_inclusive": True}, id="pageAfter includes its row"),
        pytest.param({"count_mode": "total"}, id="count is the total"),
        pytest.param({"dedupe": False}, id="everything printed in full"),
        pytest.param({"gzip": False}, id="not compressed"),
    ],
)
def test_unknowns_of_the_vendor_do_not_matter(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, knobs: dict[str, Any]
) -> None:
    before = megaplan.control("knobs")
    megaplan.control("knobs", knobs)
    try:
        sync()
        assert_equal_to_megaplan(database, megaplan)
    finally:
        megaplan.control("knobs", {name: before[name] for name in knobs})


def test_hashes_do_not_depend_on_how_megaplan_printed(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync(page_size=100)
    before = written_rows(database)
    megaplan.control("mutate", {"op": "set_online", "id": "1000004", "online": True})
    outcomes = sync(full_refresh=True, page_size=33)
    assert sum(outcome.changed for outcome in outcomes.values()) == 0
    assert written_rows(database) == before


def test_an_unknown_key_in_a_requested_object_is_a_change(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("deals")
    (deal_id,) = database.execute(
        "SELECT min(id) FROM megaplan_raw.deals WHERE price IS NOT NULL"
    ).fetchone() or (None,)
    megaplan.control(
        "mutate", {"op": "add_unknown_key", "deal": deal_id, "inside": "price", "key": "brandNew"}
    )
    assert sync("deals", full_refresh=True)["deals"].updated == 1


def test_by_kind_reads_the_same_contacts(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("contacts", vendor_quirks={"contractor_list_route": "by_kind"})
    assert truth.loaded_contacts(database) == truth.contacts(megaplan)
    assert list_requests(megaplan, "/contractor") == []
