"""Rows that a list leaves out although they exist: their cards are compared like any other row."""

import pytest

from tests.integration.reconciliation.nights import Found, Night


@pytest.mark.parametrize("count", [1, 30], ids=["one", "more than the brake allows to vanish"])
def test_people_whom_the_list_leaves_out_are_compared(night: Night, count: int) -> None:
    """People who were fired stayed "working", and the certificate said "proven"."""
    ids = [row["id"] for row in night.megaplan.control("state?entity=employees&fields=name")][-count:]
    fired, renamed = ids[0], ids[-1]
    night.change(
        {"op": "fire_employee", "id": fired},
        {"op": "rename_employee", "id": renamed, "name": "Совсем Другая"},
        {"op": "shrink_list", "entity": "employees", "ids": ids},
    )
    night.assert_found(night.run("employees"), employees=Found(stale=len({fired, renamed})))
    working, can_login = night.database.execute(
        "SELECT is_working, can_login FROM megaplan_raw.employees WHERE id = %s", (fired,)
    ).fetchall()[0]
    assert (working, can_login) == (False, False)
    (card,) = [card for card in night.megaplan.control("state?entity=employees") if card["id"] == renamed]
    assert (
        card["name"]
        == "Совсем Другая"
        == night.value("SELECT name FROM megaplan_raw.employees WHERE id = %(id)s", id=int(renamed))
    )
    before = night.rows()
    night.assert_found(night.run("employees"))
    night.change({"op": "shrink_list", "restore": True})
    night.assert_found(night.run("employees"))
    assert night.rows() == before


def test_people_who_are_gone_are_told_from_those_whom_the_list_leaves_out(night: Night) -> None:
    ids = [row["id"] for row in night.megaplan.control("state?entity=employees&fields=name")]
    left_out, gone = ids[-28:], 9_000_000
    night.change({"op": "shrink_list", "entity": "employees", "ids": left_out})
    night.by_hand(
        """INSERT INTO megaplan_raw.employees (account, payload, content_hash)
        SELECT account, jsonb_set(payload, '{id}', '"9000000"'), md5(jsonb_set(payload, '{id}', '"9000000"')::text)
        FROM megaplan_raw.employees LIMIT 1"""
    )
    night.assert_found(night.run("employees"), employees=Found(extra=1))
    assert night.value("SELECT deleted_at IS NOT NULL FROM megaplan_raw.employees WHERE id = %(id)s", id=gone)


@pytest.mark.parametrize("is_active", [True, False])
def test_pipelines_that_the_list_leaves_out_are_compared_with_their_stages(
    night: Night, is_active: bool
) -> None:
    pipeline, stage = night.database.execute(
        """SELECT pipeline_id, min(id) FROM megaplan_raw.pipeline_stages
        WHERE pipeline_id = (SELECT min(id) FROM megaplan_raw.pipelines WHERE is_active) GROUP BY 1"""
    ).fetchall()[0]
    if not is_active:
        night.change({"op": "set_program_active", "id": pipeline, "active": False})
        night.run("pipelines")
    night.change(
        {"op": "rename_program", "id": pipeline, "name": "Иначе"},
        {"op": "rename_stage", "id": stage, "name": "Другой этап"},
        {"op": "add_stage", "program": pipeline, "name": "Ещё один"},
        {"op": "shrink_list", "entity": "programs", "ids": [pipeline]},
    )
    certificates = night.run("pipelines")
    night.assert_found(certificates, pipelines=Found(stale=1), pipeline_stages=Found(missing=1, stale=1))
    assert night.database.execute(
        "SELECT name, is_active FROM megaplan_raw.pipelines WHERE id = %s", (pipeline,)
    ).fetchall() == [("Иначе", is_active)]
    before = night.rows()
    night.assert_found(night.run("pipelines"))
    night.change({"op": "shrink_list", "restore": True})
    night.assert_found(night.run("pipelines"))
    assert night.rows() == before
