"""Odd stages and definitions of custom fields hold up nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.exceptions import EntitiesFailedError
from megaplan_sync.raw.outcome import EntityOutcome

Sync = Callable[..., dict[str, EntityOutcome]]


def answer_with(megaplan: EmulatedMegaplan, path: str, data: list[Any]) -> None:
    body = json.dumps({"meta": {"status": 200, "errors": []}, "data": data})
    fault = {"kind": "502", "status": 200, "path": path, "exact": True, "body": body}
    megaplan.control("faults", fault)


def test_odd_stages_are_set_aside_and_the_others_stored(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    program, other, *_ = (each["id"] for each in megaplan.control("state?entity=programs"))
    good = {"contentType": "ProgramState", "id": "900001", "name": "Новый"}
    odd = [
        {"contentType": "ProgramState", "id": ["900002"], "name": "a list for an id"},
        {"contentType": "ProgramState", "id": "9" * 25, "name": "too long an id"},
        {"contentType": "ProgramState", "name": "no id"},
        {"id": "900003", "name": "no content type"},
    ]
    answer_with(megaplan, f"/program/{program}/states", [*odd[:2], good, *odd[2:]])
    listed = [
        {"contentType": "Program", "id": program, "name": "odd", "states": odd},
        {"contentType": "Program", "id": other, "name": "usual"},
    ]
    answer_with(megaplan, "/program", listed)
    sync("pipelines")
    stages = dict(
        database.execute(
            "SELECT pipeline_id::text, array_agg(id) FROM megaplan_raw.pipeline_stages GROUP BY 1"
        ).fetchall()
    )
    assert stages.keys() == {program, other}
    assert stages[program] == [900001]
    assert len(stages[other]) > 1
    bodies = database.execute("SELECT body FROM megaplan_raw.unreadable_rows WHERE entity = 'pipelines'")
    assert sorted(json.loads(body)["name"] for (body,) in bodies) == sorted(each["name"] for each in odd)


def test_cards_that_are_refused_are_set_aside_and_stop_no_other(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    """Companies are bare links in the list, and their cards are refused: no contact was loaded, in any run."""
    megaplan.control("faults", {"kind": "500", "status": 403, "path": "/contractor/"})
    assert sync("contacts")["contacts"].inserted > 100
    bodies = database.execute("SELECT entity, body FROM megaplan_raw.unreadable_rows").fetchall()
    assert bodies
    assert all(entity == "contacts" and "Megaplan answered 403" in body for entity, body in bodies)
    megaplan.control("faults", method="DELETE")
    sync("contacts", full_refresh=True)
    assert database.execute("SELECT count(*) FROM megaplan_raw.unreadable_rows").fetchone() == (0,)


@pytest.mark.parametrize("kind", ["500", "html"])
def test_one_card_or_pipeline_that_fails_stops_no_other(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, kind: str
) -> None:
    people = megaplan.control("state?entity=contractors&fields=company")
    company = next(each["company"]["id"] for each in people if each.get("company"))
    program, *programs = (each["id"] for each in megaplan.control("state?entity=programs"))
    listed = [{"contentType": "Program", "id": each, "name": "без этапов"} for each in (program, *programs)]
    answer_with(megaplan, "/program", listed)
    for path in (f"/contractor/{company}", f"/program/{program}/states"):
        megaplan.control("faults", {"kind": kind, "path": path, "exact": True})
    outcomes = sync("pipelines", "contacts")
    assert outcomes["contacts"].inserted > 100
    assert outcomes["pipelines"].unreadable == 1
    found = database.execute("SELECT id FROM megaplan_raw.unreadable_rows WHERE entity = 'pipelines'")
    assert found.fetchall() == [(program,)]


def test_when_every_card_fails_the_list_is_read_again_later(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("faults", {"kind": "500", "path": "/contractor/"})
    with pytest.raises(EntitiesFailedError, match="500"):
        sync("contacts")
    assert database.execute("SELECT count(*) FROM megaplan_raw.unreadable_rows").fetchone() == (0,)


def test_odd_definitions_of_custom_fields_stop_no_other(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    def named(name: str, **more: Any) -> dict[str, Any]:
        return {"name": f"Category1CustomField{name}", "hrName": name, "type": "String", **more}

    deep: Any = "bottom"
    for _ in range(300):
        deep = [deep]
    odd = [
        named("WithoutId"),
        named("ListForId", id=["1"], contentType="ExtraField"),
        named("ListForType", id="1", contentType=["ExtraField"]),
        named("Long" + "x" * 12_000, id="2", contentType="ExtraField"),
        named("Deep", id="3", contentType="ExtraField", tree=deep),
        named("Usual", id="4", contentType="ExtraField"),
    ]
    answer_with(megaplan, "/deal/extraFields", odd)
    sync("custom_fields", "deals")
    stored = database.execute("SELECT label FROM megaplan_raw.custom_fields WHERE entity = 'Deal' ORDER BY 1")
    assert [label for (label,) in stored] == ["ListForId", "ListForType", "Usual", "WithoutId"]
    assert database.execute("SELECT count(*) FROM megaplan_raw.deals").fetchone() > (0,)


@pytest.mark.parametrize("kind", ["500", "html"])
def test_definitions_of_one_content_type_that_fail_stop_no_other(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, kind: str
) -> None:
    megaplan.control("faults", {"kind": kind, "path": "/deal/extraFields", "exact": True})
    with pytest.raises(EntitiesFailedError, match="/deal/extraFields"):
        sync("custom_fields")
    stored = database.execute("SELECT DISTINCT entity FROM megaplan_raw.custom_fields ORDER BY 1")
    assert stored.fetchall() == [("ContractorCompany",), ("ContractorHuman",)]
