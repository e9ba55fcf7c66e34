"""The emulated cabinet shows the deals of the emulated Megaplan."""

import re
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ..conftest import DEALS
from .upload_world import UploadWorld

pytest_plugins = ["tests.emulators.uis_fixtures"]


def truth(world: UploadWorld) -> dict[str, dict[str, Any]]:
    """Return the deals as the raw tables hold them, with names instead of ids."""
    rows = world.rows(
        """SELECT deal.id, deal.name, deal.number, deal.price, deal.price_currency, deal.price_in_main,
          pipeline.name AS pipeline, stage.name AS stage, stage.type, employee.name AS employee,
          deal.contractor_id, contact.name AS contact,
          (SELECT count(*) FROM megaplan_raw.deal_positions AS item
           WHERE item.account = deal.account AND item.deal_id = deal.id AND item.deleted_at IS NULL) AS goods
        FROM megaplan_raw.deals AS deal
        LEFT JOIN megaplan_raw.pipelines AS pipeline ON pipeline.id = deal.program_id
        LEFT JOIN megaplan_raw.pipeline_stages AS stage ON stage.id = deal.state_id
        LEFT JOIN megaplan_raw.employees AS employee ON employee.id = deal.manager_id
        LEFT JOIN megaplan_raw.contacts AS contact ON contact.id = deal.contractor_id
        WHERE deal.deleted_at IS NULL"""
    )
    return {str(row["id"]): row for row in rows}


def assert_report_is_megaplan(world: UploadWorld) -> None:
    """Compare every deal of the report with the raw tables."""
    report, deals = world.report(), truth(world)
    assert report.keys() == deals.keys()
    for deal_id, deal in deals.items():
        row = report[deal_id]
        shown = {
            "name": row["deal_name"]["value"],
            "pipeline": row["deal_current_funnel"],
            "employee": row["deal_employee"],
            "stage": row["deal_user_field_mp_stage"],
            "currency": row["deal_user_field_mp_currency"],
            "number": row["deal_user_field_mp_number"],
        }
        wanted = {name: deal["price_currency"] if name == "currency" else deal[name] for name in shown}
        assert shown == wanted, deal_id
        assert deal["stage"] in row["deal_current_stage"].split(" / ")
        assert (row["deal_revenue"] is None) == (deal["price_in_main"] is None)
        if deal["price_in_main"] is not None:
            assert abs(Decimal(str(row["deal_revenue"])) - deal["price_in_main"]) <= Decimal("0.005")
            assert Decimal(row["deal_user_field_mp_sum"]) == deal["price"]
        goods = row["deal_user_field_mp_goods"]
        assert (goods.count(" × ") if goods else 0) == deal["goods"]
        if deal["contact"] is not None:  # Megaplan does not list clients in its recycle bin
            named = (deal["contact"] or f"Контакт {deal['contractor_id']}", *_people(world, deal_id))
            assert row["deal_contact"]["value"] in named


def active_stages(world: UploadWorld) -> list[dict[str, Any]]:
    """Return the stages in process of pipeline 14, in their order."""
    return world.rows(
        """SELECT id, name FROM megaplan_raw.pipeline_stages
        WHERE pipeline_id = 14 AND type = 'active' ORDER BY position"""
    )


def _people(world: UploadWorld, deal_id: str) -> list[str]:
    return [
        row["name"]
        for row in world.rows(
            """SELECT contact.name FROM megaplan_raw.deals AS deal
            JOIN megaplan_raw.contacts AS contact ON contact.id = deal.contact_id WHERE deal.id = %s""",
            int(deal_id),
        )
    ]


def test_every_deal_is_in_the_report_and_a_second_run_sends_no_request(world: UploadWorld) -> None:
    counts = world.upload()
    assert (counts["deals_created"], counts["deals_verified"]) == (DEALS, DEALS)
    assert_report_is_megaplan(world)
    assert world.failed() == {}
    certificate = world.certificates[-1]
    assert (certificate.verdict, certificate.in_megaplan, certificate.same) == ("proven", DEALS, DEALS)
    assert (certificate.missing, certificate.repaired, certificate.unresolved) == (DEALS, DEALS, 0)
    funnels = {funnel["name"]: funnel["stages"] for funnel in world.uis.data("get.sales_funnel")}
    statuses = [Counter(stage["stage_status"] for stage in stages) for stages in funnels.values()]
    assert [(each["success"], each["failed"]) for each in statuses] == [(1, 1)] * 4
    assert [
        stage["stage_name"] for stage in funnels["Продажа оборудования"] if stage["stage_status"] == "success"
    ] == ["Успешно реализовано / Закрыто с допродажей"]
    world.forget_requests()
    world.database.execute("UPDATE uis.upload_runs SET began_at = began_at - interval '91 days'")
    assert world.upload() == {}
    assert world.requests() == []
    assert len(world.rows("SELECT FROM uis.upload_runs")) == 1, "runs are not kept forever"
    assert world.certificates[-1].requests_used == 0
    assert world.certificates[-1].same == DEALS


def test_only_what_has_changed_is_sent(world: UploadWorld) -> None:
    world.upload()
    world.forget_requests()
    changed = world.mutate("touch_many", count=4, seed=3)["ids"]
    moved = next(deal_id for deal_id in truth(world) if deal_id not in changed)
    world.mutate("move_stage", id=moved)
    world.sync("deals")
    records = len(world.history())
    counts = world.upload()
    assert counts["deals_changed"] == 5
    assert world.requests().count("upload.deals_history") == 1
    assert len(world.history()) == records + 5
    assert_report_is_megaplan(world)


def test_moves_forward_and_back_become_records_in_order(world: UploadWorld) -> None:
    deal_id = next(
        deal_id for deal_id, deal in truth(world).items() if deal["pipeline"] == "Продажа оборудования"
    )
    stages = active_stages(world)
    world.upload()
    for place in (4, 1, 3):
        time.sleep(1.1)  # UIS has times in whole seconds
        world.mutate("move_stage", id=deal_id, state=stages[place]["id"])
        world.sync("deals")
        world.upload(verify=False)
    user_fields = [row["user_fields"] for row in world.history(deal_id)]
    names = [next(each["value"] for each in fields if each["ext_id"] == "mp_stage") for fields in user_fields]
    assert names[1:] == [stages[place]["name"] for place in (4, 1, 3)]
    times = [row["modified_stage_date_time"] for row in world.history(deal_id)]
    assert times == sorted(times)


def test_moves_known_before_the_first_upload_are_sent_too(world: UploadWorld) -> None:
    deal_id = int(next(iter(truth(world))))
    (first,) = world.rows(
        "SELECT created_at, state_id, program_id FROM megaplan_raw.deals WHERE id = %s", deal_id
    )
    others = world.rows(
        """SELECT id FROM megaplan_raw.pipeline_stages
        WHERE pipeline_id = %s AND id <> %s AND type = 'active' ORDER BY position LIMIT 2""",
        first["program_id"],
        first["state_id"],
    )
    world.database.execute("DELETE FROM megaplan_raw.past_deal_stage_moves WHERE deal_id = %s", (deal_id,))
    for seconds, state in enumerate([others[0]["id"], others[1]["id"], others[0]["id"], 999_999]):
        world.database.execute(
            """INSERT INTO megaplan_raw.past_deal_stage_moves
              (account, deal_id, moved_at, to_program_id, to_state_id, source)
            SELECT account, id, created_at + make_interval(secs => %s), program_id, %s, 'versions'
            FROM megaplan_raw.deals WHERE id = %s""",
            (seconds, state, deal_id),
        )
    world.database.execute(
        "UPDATE megaplan_raw.deals SET moved_at = created_at + interval '4 seconds' WHERE id = %s", (deal_id,)
    )
    moves = world.rows("SELECT FROM megaplan_raw.deal_stage_moves WHERE deal_id = %s", deal_id)
    assert len(moves) == 5
    world.upload()
    stages = [row["stage_ext_id"].rpartition("-")[2] for row in world.history(deal_id)]
    assert stages[:3] == [str(others[0]["id"]), str(others[1]["id"]), str(others[0]["id"])]
    assert len(stages) == 4, "a move into an unknown stage is left out"


def test_renames_and_new_stages_follow(world: UploadWorld) -> None:
    world.upload()
    stages = active_stages(world)
    world.mutate("rename_stage", id=stages[1]["id"], name="Проверка")
    world.mutate("add_stage", program=14, name="Замер", position=2)
    world.mutate("rename_program", id=14, name="Продажи")
    world.sync("pipelines", full_refresh=True)
    world.forget_requests()
    world.upload()
    (funnel,) = [each for each in world.uis.data("get.sales_funnel") if each["name"] == "Продажи"]
    names = [
        stage["stage_name"] for stage in sorted(funnel["stages"], key=lambda stage: stage["stage_order"])
    ]
    assert names[:4] == [stages[0]["name"], "Проверка", "Замер", stages[2]["name"]]
    asked = Counter(world.requests())
    assert (asked["create.sales_funnel_stages"], asked["update.sales_funnel_stages"]) == (1, 1)
    assert (asked["update.sales_funnel"], asked["create.sales_funnel"]) == (1, 0)
    assert_report_is_megaplan(world)
    world.forget_requests()
    world.upload()
    assert world.requests() == []


def test_another_contact_and_changed_phones_follow(world: UploadWorld) -> None:
    world.upload()
    deal_id, deal = next((key, row) for key, row in truth(world).items() if row["contractor_id"])
    (other,) = world.rows(
        "SELECT id, kind, name FROM megaplan_raw.contacts WHERE id <> %s AND kind = 'human' ORDER BY id LIMIT 1",
        deal["contractor_id"],
    )
    link = {"contentType": "ContractorHuman", "id": str(other["id"])}
    world.mutate("update_deal", id=deal_id, fields={"contractor": link, "contact": None})
    world.sync("deals")
    counts = world.upload()
    assert counts["deals_changed"] == 1
    assert world.report()[deal_id]["deal_contact"]["value"] == other["name"]
    assert world.failed() == {}
    world.database.execute(
        "UPDATE megaplan_raw.contact_points SET phone_e164 = '+79161234567' WHERE contact_id = %s AND type = 'phone'",
        (other["id"],),
    )
    world.database.execute(
        """UPDATE megaplan_raw.contacts SET payload = payload || '{"name": "Новое имя"}' WHERE id = %s""",
        (other["id"],),
    )
    counts = world.upload()
    assert counts == {"contacts_changed": 1}
    assert world.report()[deal_id]["deal_contact"]["value"] == "Новое имя"
    assert world.report()[deal_id]["deal_contact_phone_numbers"] == ["79161234567"]


def test_a_deleted_deal_leaves_the_cabinet_and_a_restored_one_comes_back(world: UploadWorld) -> None:
    world.upload()
    deal_id = next(iter(truth(world)))
    world.database.execute("UPDATE megaplan_raw.deals SET deleted_at = now() WHERE id = %s", (deal_id,))
    assert world.upload() == {"deals_deleted": 1}
    assert deal_id not in world.report()
    world.database.execute("UPDATE megaplan_raw.deals SET deleted_at = NULL WHERE id = %s", (deal_id,))
    assert world.upload()["deals_created"] == 1
    assert deal_id in world.report()


def test_chosen_custom_fields_and_the_loss_reason_become_columns(world: UploadWorld) -> None:
    world.megaplan_settings = {
        "uis_deal_fields": "Вид сделки, Начало работ, Плановая прибыль",
        "uis_loss_reason_field": "Статус оплаты",
    }
    world.upload()
    tree = world.uis.data("getobj.columns_tree", report_type="deals")
    columns = {column["name"]: column["id"] for column in tree["columns"]}
    report = world.report()
    for title, pattern in (
        ("Вид сделки", r"\w+"),
        ("Начало работ", r"\d{4}-\d\d-\d\d"),
        ("Плановая прибыль", r"[\d.]+ [A-Z]{3}"),
        ("Причина отказа", r"\w+"),
    ):
        values = [row[columns[title]] for row in report.values() if row[columns[title]]]
        assert len(values) > 3, title
        assert all(re.match(pattern, value) for value in values), title


def test_since_narrows_the_run(world: UploadWorld) -> None:
    assert "deals_created" not in world.upload(since=datetime(2100, 1, 1, tzinfo=UTC))
    assert world.upload()["deals_created"] == DEALS


@pytest.mark.parametrize("is_lost", [False, True], ids=["the ledger is there", "the ledger is lost"])
def test_full_compares_with_the_cabinet_itself(world: UploadWorld, is_lost: bool) -> None:
    world.upload()
    records = len(world.history())
    deal_id = next(iter(truth(world)))
    world.uis.data("delete.deals", ext_id=world.report()[deal_id]["deal_ext_id"])
    if is_lost:
        world.database.execute("TRUNCATE uis.deals, uis.directory_rows")
    world.forget_requests()
    counts = world.upload(full=not is_lost)
    assert (counts["deals_created"], counts.get("deals_changed", 0)) == (1, 0)
    assert (counts["deals_adopted"], counts["deals_verified"]) == (DEALS - 1, DEALS)
    assert len(world.history()) == records
    assert [method for method in world.requests() if not method.startswith("get")] == ["upload.deals_history"]
