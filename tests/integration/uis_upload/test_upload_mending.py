"""What UIS has otherwise than it should is found, sorted by who can mend it, and mended where that is possible."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from .every_column import assert_every_column
from .test_upload_faults import fault
from .upload_world import UploadWorld

pytest_plugins = ["tests.emulators.uis_fixtures"]

GOODS_GONE = "UPDATE megaplan_raw.deal_positions SET deleted_at = now() WHERE deal_id = %s"
NOTHING = """'{"price": null, "contractor": null, "contact": null, "manager": null}'::jsonb"""


def full_deal(world: UploadWorld) -> int:
    """Return a deal that has everything that can be removed."""
    (row,) = world.rows(
        """SELECT deal.id FROM megaplan_raw.deals AS deal
        JOIN megaplan_raw.contacts AS contact ON contact.account = deal.account AND contact.id = deal.contractor_id
        WHERE deal.price IS NOT NULL AND deal.manager_id IS NOT NULL AND contact.advertising_way_id IS NOT NULL
          AND EXISTS (SELECT FROM megaplan_raw.deal_positions AS item WHERE item.deal_id = deal.id)
        ORDER BY deal.id LIMIT 1"""
    )
    return int(row["id"])


@pytest.mark.parametrize(
    ("knobs", "left"),
    [
        ({"cleared_by": "null"}, {}),
        ({"cleared_by": "null", "refused_field": "bare"}, {}),
        ({"cleared_by": "empty", "merged_user_fields": True}, {}),
        ({"cleared_by": "nothing", "omitted_deal_fields": "drop"}, {}),
        # a cabinet that lets nothing be removed: the best that can be had
        (
            {"cleared_by": "nothing", "merged_user_fields": True},
            {"mp_sum": "0", "mp_currency": "—", "mp_goods": "—", "mp_advertising_way": "—"},
        ),
    ],
)
def test_removed_values_leave_uis_however_that_is_done(
    world: UploadWorld, knobs: dict[str, Any], left: dict[str, str]
) -> None:
    world.uis.control("knobs", knobs)
    world.upload()
    deal_id = full_deal(world)
    world.change_payload(f"id = {deal_id}", NOTHING)
    world.database.execute(GOODS_GONE, (deal_id,))
    world.upload()
    assert world.failed() == {}, "no deal fails for the form of a removal"
    if not left:
        assert world.certificates[-1].verdict == "proven"
        assert_every_column(world, zero_sums=[] if knobs["cleared_by"] == "null" else [str(deal_id)])
        return
    row = world.report()[str(deal_id)]
    assert row["deal_revenue"] == 0, "zero is no sum, and the only value that UIS takes"
    (told,) = world.rows("SELECT difference FROM uis.differing")
    assert "deal_employee" in told["difference"]
    assert world.certificates[-1].verdict == "unresolved"
    assert world.upload()["deals_changed"] == 1
    row = world.report()[str(deal_id)]
    assert {name: row[f"deal_user_field_{name}"] for name in left} == left
    (told,) = world.rows("SELECT difference FROM uis.differing")
    assert set(told["difference"].split(", ")) >= {"deal_employee", "deal_contact_ext_id", "deal_source"}
    assert "deal_user_field" not in told["difference"], "what was sent instead is there"
    world.forget_requests()
    world.upload()
    assert "upload.deals_history" not in world.requests(), "nothing is sent for ever"


def test_what_an_earlier_version_left_in_uis_is_seen_and_removed(world: UploadWorld) -> None:
    """Until version 4, a removed value was left out of the record, and verification did not look."""
    quirks = world.uis_settings["vendor_quirks"]
    world.uis_settings = {**world.uis_settings, "vendor_quirks": {**quirks, "deal_clearing": "omit"}}
    world.upload()
    deal_id = full_deal(world)
    world.change_payload(f"id = {deal_id}", NOTHING)
    world.upload(verify=False)
    world.uis_settings = {**world.uis_settings, "vendor_quirks": quirks}
    world.database.execute("UPDATE uis.deals SET verified_hash = NULL")
    assert world.upload()["deals_differing"] == 1
    (told,) = world.rows("SELECT kind, difference FROM uis.differing")
    assert told["kind"] == "deal"
    assert set(told["difference"].split(", ")) >= {"deal_revenue", "deal_contact_ext_id", "deal_employee"}
    assert world.certificates[-1].verdict == "unresolved"
    assert world.upload()["deals_changed"] == 1
    assert world.certificates[-1].verdict == "proven"
    assert_every_column(world)


def test_refused_deletions_are_not_asked_again(world: UploadWorld) -> None:
    world.upload()
    deal_id = full_deal(world)
    world.uis.control("knobs", {"undeletable_deals": str(deal_id)})
    world.database.execute("UPDATE megaplan_raw.deals SET deleted_at = now() WHERE id = %s", (deal_id,))
    # a stage that is gone from Megaplan, and that the history in UIS needs
    (stage,) = world.rows(
        """SELECT state_id AS id FROM megaplan_raw.deals WHERE program_id = 14 AND result = 'active'
        GROUP BY state_id ORDER BY count(*) LIMIT 1"""
    )
    (other,) = world.rows(
        """SELECT id::text FROM megaplan_raw.pipeline_stages
        WHERE pipeline_id = 14 AND type = 'active' AND id <> %s LIMIT 1""",
        stage["id"],
    )
    world.change_payload(
        f"state_id = {stage['id']}",
        """jsonb_build_object('state', jsonb_build_object('contentType', 'ProgramState', 'id', %s::text))""",
        other["id"],
    )
    world.database.execute(
        "UPDATE megaplan_raw.pipeline_stages SET deleted_at = now() WHERE id = %s", (stage["id"],)
    )
    counts = world.upload()
    assert (counts["deletions_refused"], counts["stages_kept"]) == (1, 1)
    assert world.remedies() == {str(deal_id): "mend in UIS"}
    for full in (False, True, True):
        world.forget_requests()
        world.upload(full=full)
        assert [method for method in world.requests() if method.startswith("delete")] == []
    world.database.execute("UPDATE megaplan_raw.deals SET deleted_at = NULL WHERE id = %s", (deal_id,))
    world.upload()
    assert world.failed() == {}, "it need not be deleted any more"
    world.database.execute("UPDATE megaplan_raw.deals SET deleted_at = now() WHERE id = %s", (deal_id,))
    world.uis.control("knobs", {"undeletable_deals": ""})
    assert world.upload()["deals_deleted"] == 1
    world.forget_requests()
    world.upload(full=True, resend_failed=True)
    assert world.requests().count("delete.sales_funnel_stages") == 1, (
        "it is tried again when a person says so"
    )


def test_directories_are_read_back_and_mended(world: UploadWorld) -> None:
    world.upload(verify=False)
    funnel = world.uis.data("get.sales_funnel")[0]
    world.uis.data("update.sales_funnel", ext_id=funnel["ext_id"], name="Чужая")
    other = world.uis.data("get.sales_funnel")[1]
    stages = [stage for stage in other["stages"] if stage["stage_status"] == "in_process"]
    world.uis.data(
        "update.sales_funnel_stages",
        sales_funnel_ext_id=other["ext_id"],
        ext_id=stages[0]["stage_ext_id"],
        name="Чужой",
        order=9999,
    )
    employee = world.uis.data("get.deal_employees")[0]["ext_id"]
    world.uis.data("update.deal_employees", ext_id=employee, name="Чужой")
    contact = world.uis.data("get.deal_contacts")[0]["ext_id"]
    world.uis.data("update.deal_contacts", ext_id=contact, name="Чужой", phone_numbers=["79990000000"])
    world.uis.data("delete.deal_user_field", ext_id="mp_number")
    counts = world.upload()
    assert Counter({name: n for name, n in counts.items() if name.endswith("_differing")}) >= Counter(
        funnels_differing=2, employees_differing=1, contacts_differing=1, user_fields_differing=1
    )
    told = {
        row["ext_id"]: row["difference"]
        for row in world.rows("SELECT ext_id, difference FROM uis.differing WHERE kind <> 'deal'")
    }
    assert told == {
        funnel["ext_id"]: "name",
        other["ext_id"]: "order of stages, stage names",
        employee: "name",
        contact: "name, phones",
        "mp_number": "UIS does not have it",
    }
    assert "directory rows differ" in (world.certificates[-1].reason or "")
    world.upload()
    world.upload()
    assert world.rows("SELECT * FROM uis.differing") == []
    assert world.certificates[-1].verdict == "proven"
    assert_every_column(world)
    world.forget_requests()
    assert world.upload() == {}
    assert world.requests() == []


def test_a_deal_whose_manager_is_gone_from_uis_is_sent_once_he_is_back(world: UploadWorld) -> None:
    world.upload()
    (rare,) = world.rows(
        """SELECT manager_id AS id, array_agg(id) AS deals FROM megaplan_raw.deals
        GROUP BY manager_id ORDER BY count(*) LIMIT 1"""
    )
    for deal_id in rare["deals"]:
        world.uis.data("delete.deals", ext_id=world.report()[str(deal_id)]["deal_ext_id"])
    (employee,) = world.rows(
        "SELECT ext_id FROM uis.directory_rows WHERE ext_id LIKE %s", f"%-employee-{rare['id']}"
    )
    world.uis.data("delete.deal_employees", ext_id=employee["ext_id"])
    world.change_payload(f"manager_id = {rare['id']}", """'{"name": "Другое"}'""")
    counts = world.upload()
    assert world.remedies() == {str(deal_id): "mend in UIS" for deal_id in rare["deals"]}
    assert counts["employees_differing"] == 1
    world.upload()
    assert world.failed() == {}
    assert world.certificates[-1].verdict == "proven"
    assert_every_column(world)


def test_one_record_that_cannot_be_converted_fails_alone(world: UploadWorld) -> None:
    world.upload()
    ids = [row["id"] for row in world.rows("SELECT id FROM megaplan_raw.deals ORDER BY id LIMIT 3")]
    world.change_payload("true", """jsonb_build_object('name', id || ' ещё')""")
    world.database.execute("UPDATE uis.deals SET sent = '{}' WHERE deal_id = %s", (ids[0],))
    world.change_payload(
        f"id = {ids[1]}",
        """'{"timeCreated": {"contentType": "DateTime", "value": "0001-01-01T00:00:00+00:00"}}'""",
    )
    world.change_payload(
        f"id = {ids[2]}", """'{"price": {"value": 1e25, "currency": "RUB", "valueInMain": 1e25}}'"""
    )
    world.upload()
    assert world.remedies() == {
        str(ids[0]): "ours",
        str(ids[1]): "mend in Megaplan",
        str(ids[2]): "mend in Megaplan",
    }
    assert "UIS does not report it" in next(
        error for ext_id, error in world.failed().items() if ext_id.endswith(str(ids[0]))
    )
    assert_every_column(world, as_before=[str(deal_id) for deal_id in ids])


def test_a_deal_that_never_reached_uis_and_is_deleted_is_no_failure(world: UploadWorld) -> None:
    deal_id = full_deal(world)
    world.uis.control("knobs", {"refused_deals": str(deal_id)})
    world.upload()
    assert world.remedies() == {str(deal_id): "mend in Megaplan"}
    world.database.execute(
        "UPDATE megaplan_raw.deals SET deleted_at = %s WHERE id = %s", (datetime.now(UTC), deal_id)
    )
    world.upload()
    assert world.failed() == {}
    assert world.certificates[-1].verdict == "proven"


def test_full_runs_do_not_send_again_what_had_to_be_left_out_of_a_contact(world: UploadWorld) -> None:
    world.database.execute(
        "UPDATE megaplan_raw.contact_points SET phone_e164 = '+3725551234' WHERE phone_e164 IS NOT NULL"
    )
    world.upload()
    world.forget_requests()
    world.upload(full=True)
    assert [method for method in world.requests() if not method.startswith("get")] == []


def test_a_cabinet_without_the_report_compares_the_history(world: UploadWorld) -> None:
    world.uis.control("knobs", {"disabled_components": "analytics,dataapi_reports"})
    world.upload(verify=False)
    world.database.execute(
        """UPDATE uis.deals SET sent = sent || '{"comments": "другой"}' WHERE deal_id = %s""",
        (full_deal(world),),
    )
    assert world.upload()["deals_differing"] == 1
    (told,) = world.rows("SELECT difference FROM uis.differing")
    assert told["difference"] == "the last record in the history"


def test_an_unknown_pipeline_waits_for_the_next_sync(world: UploadWorld) -> None:
    deal_id = full_deal(world)
    world.change_payload(
        f"id = {deal_id}", """'{"state": {"contentType": "ProgramState", "id": "999999"}}'"""
    )
    fault(world, "rpc", "create.sales_funnel", mnemonic="data_limit_exceeded")
    world.upload()
    remedies = Counter(world.remedies().values())
    assert remedies["wait"] == 1
    assert remedies["mend in UIS"] > 1, "a funnel that was refused, and its deals"
    world.upload(resend_failed=True)
    assert world.remedies() == {str(deal_id): "wait"}
