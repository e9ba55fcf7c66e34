"""Odd stages and definitions of custom fields hold up nothing else."""

import json
from collections.abc import Callable
from typing import Any

from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
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
