"""Lists that do not know when they changed: renamed, added, removed, edited by hand, all counted exactly."""

import pytest

from tests.integration.reconciliation.nights import Found, Night

SMALL = {
    "advertising_ways": "advertising_way",
    "contact_types": "contractor_type",
    "departments": "department",
    "currencies": "currency",
}
"""Tables, and how the emulator calls their rows."""


def ids_of(night: Night, table: str) -> list[int]:
    rows = night.database.execute(
        f"SELECT id FROM megaplan_raw.{table} WHERE deleted_at IS NULL ORDER BY id"
    ).fetchall()
    return [identity for (identity,) in rows]


def names_in_megaplan(night: Night, entity: str) -> dict[int, str]:
    return {
        int(row["id"]): row["name"] for row in night.megaplan.control(f"state?entity={entity}&fields=name")
    }


def names(night: Night, table: str) -> dict[int, str]:
    return dict(
        night.database.execute(
            f"SELECT id, name FROM megaplan_raw.{table} WHERE deleted_at IS NULL"
        ).fetchall()
    )


def test_small_directories_renamed_added_and_removed(night: Night) -> None:
    for table, what in SMALL.items():
        first, *_, last = ids_of(night, table)
        fields = {"type": "client"} if what == "contractor_type" else {}
        if what == "currency":
            fields = {"abbreviation": "KZT", "sign": "₸", "rate": 0.17, "isBase": False}
        night.change(
            {"op": f"rename_{what}", "id": first, "name": f"Иначе {what}"},
            {"op": f"add_{what}", "name": f"Новое {what}", "fields": fields},
            {"op": f"remove_{what}", "id": last},
        )
    night.change({"op": "set_currency_rate", "id": 2, "rate": 81.5})
    certificates = night.run(*SMALL)
    night.assert_found(
        certificates,
        advertising_ways=Found(1, 1, 1),
        contact_types=Found(1, 1, 1),
        departments=Found(1, 1, 1),
        currencies=Found(1, 2, 1),
    )
    for table in SMALL:
        assert any(name.startswith("Иначе") for name in names(night, table).values())
        evidence = night.value(
            f"SELECT deletion_evidence ->> 'found_by' FROM megaplan_raw.{table} WHERE deleted_at IS NOT NULL"
        )
        assert evidence.endswith("absent twice")
    assert names(night, "departments") == names_in_megaplan(night, "departments")
    assert names(night, "advertising_ways") == names_in_megaplan(night, "advertising_ways")
    assert night.value("SELECT rate FROM megaplan_raw.currencies WHERE id = 2") == 81.5
    before = night.rows()
    night.assert_found(night.run(*SMALL))
    assert night.rows() == before


def test_employees_hired_fired_moved_and_renamed(night: Night) -> None:
    fired, moved, renamed = ids_of(night, "employees")[3:6]
    (department, *_) = ids_of(night, "departments")
    at = night.value("SELECT department_id FROM megaplan_raw.employees WHERE id = %(id)s", id=moved)
    department = next(each for each in ids_of(night, "departments") if each != at)
    night.change(
        {"op": "fire_employee", "id": fired},
        {
            "op": "update_employee",
            "id": moved,
            "fields": {"position": "Директор", "department": str(department)},
        },
        {"op": "rename_employee", "id": renamed, "name": "Совсем Другая"},
        {"op": "add_employee", "name": "Новиков Пётр"},
        {"op": "set_online", "id": ids_of(night, "employees")[7], "online": True},  # which is no change
    )
    night.assert_found(night.run("employees"), employees=Found(missing=1, stale=3))
    assert night.database.execute(
        "SELECT is_working, can_login, deleted_at FROM megaplan_raw.employees WHERE id = %s", (fired,)
    ).fetchall() == [(False, False, None)]
    assert night.database.execute(
        "SELECT position, department_id FROM megaplan_raw.employees WHERE id = %s", (moved,)
    ).fetchall() == [("Директор", department)]
    assert names(night, "employees") == names_in_megaplan(night, "employees")
    before = night.rows()
    night.assert_found(night.run("employees"))
    assert night.rows() == before


def test_pipelines_and_stages(night: Night) -> None:
    renamed, paused, *_ = [
        identity
        for (identity,) in night.database.execute(
            "SELECT id FROM megaplan_raw.pipelines WHERE is_active ORDER BY id"
        ).fetchall()
    ]
    entry, changed, removed, *behind = [
        identity
        for (identity,) in night.database.execute(
            """SELECT id FROM megaplan_raw.pipeline_stages WHERE pipeline_id = %s AND deleted_at IS NULL
            ORDER BY position""",
            (renamed,),
        ).fetchall()
    ]
    deals = night.value("SELECT count(*) FROM megaplan_raw.deals WHERE state_id = %(id)s", id=removed)
    ((_, _, _, added, _)) = night.change(
        {"op": "rename_program", "id": renamed, "name": "Продажи-2"},
        {"op": "set_program_active", "id": paused, "active": False},
        {"op": "rename_stage", "id": changed, "name": "Иначе", "color": "#010203"},
        {"op": "add_stage", "program": renamed, "name": "Новая"},
        {"op": "remove_stage", "id": removed, "move_to": entry},
    )
    certificates = night.run()
    night.assert_found(
        certificates,
        pipelines=Found(stale=2),
        pipeline_stages=Found(missing=1, stale=1 + len(behind), extra=1),  # those behind it moved up
        deals=Found(stale=deals),
    )
    assert names(night, "pipeline_stages")[int(added["id"])] == "Новая"
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


@pytest.mark.parametrize("table", [*SMALL, "employees", "pipelines"])
def test_rows_edited_by_hand(night: Night, table: str) -> None:
    before = night.rows(table)
    edited, spoilt, hashed = ids_of(night, table)[:3]
    by_hand = """payload || '{"name": "by hand"}'"""
    night.by_hand(f"UPDATE megaplan_raw.{table} SET payload = {by_hand} WHERE id = %(id)s", id=edited)
    night.by_hand(
        f"UPDATE megaplan_raw.{table} SET payload = jsonb_build_object('id', id) WHERE id = %(id)s", id=spoilt
    )
    night.by_hand(f"UPDATE megaplan_raw.{table} SET content_hash = '' WHERE id = %(id)s", id=hashed)
    night.assert_found(night.run(table), **{table: Found(stale=3)})
    assert night.rows(table) == before
    night.by_hand(f"DELETE FROM megaplan_raw.{table} WHERE id = %(id)s", id=edited)
    night.by_hand(f"UPDATE megaplan_raw.{table} SET deleted_at = now() WHERE id = %(id)s", id=spoilt)
    night.by_hand(
        f"""INSERT INTO megaplan_raw.{table} (account, payload, content_hash)
        SELECT account, '{{"id": 999999}}', 'x' FROM megaplan_sync.accounts"""
    )
    night.assert_found(night.run(table), **{table: Found(missing=2, extra=1)})
    night.by_hand(f"DELETE FROM megaplan_raw.{table} WHERE id = 999999")
    assert night.rows(table) == before
    night.assert_found(night.run(table))


def test_stages_edited_moved_and_made_up_by_hand(night: Night) -> None:
    before = night.rows("pipelines", "pipeline_stages")
    pipelines = ids_of(night, "pipelines")
    edited, deleted, marked, up, down = (
        night.value(
            """SELECT id FROM megaplan_raw.pipeline_stages WHERE pipeline_id = %(pipeline)s
            ORDER BY position DESC OFFSET %(place)s LIMIT 1""",
            pipeline=pipelines[pipeline],
            place=place,
        )
        for pipeline, place in [(0, 1), (0, 2), (1, 1), (0, 0), (-1, 0)]
    )
    stage = "megaplan_raw.pipeline_stages"
    night.by_hand(
        f"""UPDATE {stage} SET payload = payload || '{{"type": "negative?"}}' WHERE id = %(id)s""", id=edited
    )
    night.by_hand(f"DELETE FROM {stage} WHERE id = %(id)s", id=deleted)
    night.by_hand(f"UPDATE {stage} SET deleted_at = now() WHERE id = %(id)s", id=marked)
    night.by_hand(f"UPDATE {stage} SET pipeline_id = %(to)s WHERE id = %(id)s", id=up, to=pipelines[-1])
    night.by_hand(f"UPDATE {stage} SET pipeline_id = 777 WHERE id = %(id)s", id=down)
    made_up = f"""INSERT INTO {stage} (account, pipeline_id, position, payload, content_hash)
        SELECT account, %(pipeline)s, 0, jsonb_build_object('id', %(id)s::bigint), 'x' FROM megaplan_sync.accounts"""
    night.by_hand(made_up, id=999998, pipeline=pipelines[0])
    night.by_hand(made_up, id=999999, pipeline=777)  # of a pipeline that is nowhere
    night.assert_found(night.run("pipelines"), pipeline_stages=Found(missing=2, stale=3, extra=2))
    night.by_hand(f"DELETE FROM {stage} WHERE id IN (999998, 999999)")
    assert night.rows("pipelines", "pipeline_stages") == before
    night.assert_found(night.run("pipelines"))


def test_the_dictionary_of_custom_fields_edited_by_hand(night: Night) -> None:
    relabelled, spoilt, closed, deleted = (
        key
        for (key,) in night.database.execute(
            """SELECT key FROM megaplan_raw.custom_fields WHERE entity = 'Deal' AND valid_to IS NULL
            ORDER BY key LIMIT 4"""
        ).fetchall()
    )
    query = """SELECT key, label, type, payload, content_hash FROM megaplan_raw.custom_fields
        WHERE valid_to IS NULL ORDER BY 1"""
    before = night.database.execute(query).fetchall()
    field = "megaplan_raw.custom_fields"
    night.by_hand(f"UPDATE {field} SET content_hash = '' WHERE key = %(key)s", key=relabelled)
    night.by_hand(
        f"""UPDATE {field} SET payload = payload || '{{"hrName": "by hand"}}' WHERE key = %(key)s""",
        key=spoilt,
    )
    night.by_hand(f"UPDATE {field} SET valid_to = now() WHERE key = %(key)s", key=closed)
    night.by_hand(f"DELETE FROM {field} WHERE key = %(key)s", key=deleted)
    night.by_hand(
        f"""INSERT INTO {field} (account, entity, valid_from, payload, content_hash)
        SELECT account, 'Deal', now(), '{{"name": "Category1CustomFieldMadeUp"}}', 'x' FROM megaplan_sync.accounts"""
    )
    night.assert_found(night.run("custom_fields"), custom_fields=Found(missing=2, stale=2, extra=1))
    assert night.database.execute(query).fetchall() == before
    night.assert_found(night.run("custom_fields"))
