"""An entity counts as deleted only if Megaplan answers 404 or isDropped for it, after a webhook said so."""

from typing import Any

import pytest

from tests.integration.webhooks.test_reading_again import ids, renamed
from tests.integration.webhooks.world import WebhookWorld


def deleted(world: WebhookWorld, table: str, id: int) -> Any:
    return world.night.database.execute(
        f"SELECT deleted_at IS NOT NULL, deletion_evidence FROM megaplan_raw.{table} WHERE id = %s", (id,)
    ).fetchone()


def test_a_deleted_deal_is_marked_with_its_line_items_and_the_evidence(world: WebhookWorld) -> None:
    row = world.night.database.execute("SELECT deal_id FROM megaplan_raw.deal_positions LIMIT 1").fetchone()
    assert row is not None
    id = row[0]
    world.night.change({"op": "delete_deals", "ids": [id]})
    (webhook,) = world.receive(1)
    world.come_in(webhook)
    assert world.run()["deals"].updated == 1
    is_deleted, evidence = deleted(world, "deals", id)
    assert is_deleted
    assert (evidence["found_by"], evidence["status"]) == (f"GET /deal/{id}", 404)
    assert evidence["webhook"] == webhook["uuid"]
    left = "SELECT count(*) FROM megaplan_raw.deal_positions WHERE deal_id = %(id)s AND deleted_at IS NULL"
    assert world.night.value(left, id=id) == 0
    open_versions = (
        "SELECT count(*) FROM megaplan_raw.deal_versions WHERE deal_id = %(id)s AND valid_to IS NULL"
    )
    assert world.night.value(open_versions, id=id) == 0
    assert world.outcomes() == ["deleted"]
    world.night.assert_tables_are_megaplan()
    world.night.assert_same_tomorrow("ids")


def test_a_dropped_contact_is_marked(world: WebhookWorld) -> None:
    (id,) = ids(world, 1, "contacts")
    world.change({"op": "delete_contractor", "id": id})
    world.run()
    is_deleted, evidence = deleted(world, "contacts", id)
    assert (is_deleted, evidence["status"], evidence["isDropped"]) == (True, 200, True)


@pytest.mark.parametrize("kind", ["ContractorHuman", "ContractorCompany"])
def test_a_drop_that_names_no_kind_of_contact_is_understood(world: WebhookWorld, kind: str) -> None:
    of_kind = "SELECT min(id) FROM megaplan_raw.contacts WHERE payload ->> 'contentType' = %(kind)s"
    id = world.night.value(of_kind, kind=kind)
    world.night.change({"op": "delete_contractor", "id": id})
    world.come_in({"uuid": "1", "model": "Contractor", "event": "on_after_drop", "data": {"id": str(id)}})
    world.run()
    assert deleted(world, "contacts", id)[0]
    world.come_in({"uuid": "2", "model": "Contractor", "event": "on_after_drop", "data": {"id": "1"}})
    world.run()
    assert world.outcomes()[-1] == "nothing to read: no raw table holds this"


def test_a_wrong_drop_changes_nothing(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.come_in(world.event("Deal", id, "on_after_drop"))
    world.run()
    assert deleted(world, "deals", id) == (False, None)
    assert world.outcomes() == ["not deleted: Megaplan still has it"]


def test_a_drop_that_becomes_visible_late_is_marked_later(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.come_in(world.event("Deal", id, "on_after_drop"))

    def meanwhile(seconds: float) -> None:
        if not world.waits:
            world.night.change({"op": "delete_deals", "ids": [id], "silent": True})
        world.wait(seconds)

    world.run(sleep=meanwhile)
    assert deleted(world, "deals", id)[0]


@pytest.mark.parametrize("answer", ["403", "404"])
def test_an_invisible_deal_is_never_marked_without_a_drop(world: WebhookWorld, answer: str) -> None:
    (id,) = ids(world, 1)
    world.night.megaplan.control("knobs", {"hidden_deal": answer})
    world.night.change(renamed(id, "Невидимая"), {"op": "revoke_visibility", "entity": "deals", "ids": [id]})
    world.come_in(*world.receive(1))
    assert world.run()["deals"].updated == 0
    assert deleted(world, "deals", id) == (False, None)
    (outcome,) = world.outcomes()
    assert outcome is not None
    assert outcome.startswith("hidden" if answer == "403" else "not found")


def test_a_hidden_deal_that_is_called_deleted_is_not_marked(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.night.change({"op": "revoke_visibility", "entity": "deals", "ids": [id]})
    world.come_in(world.event("Deal", id, "on_after_drop"))
    world.run()
    assert deleted(world, "deals", id) == (False, None)
    assert world.outcomes() == ["hidden: Megaplan answers 403, so it is not deleted"]


def test_a_deal_created_and_deleted_before_the_run_leaves_nothing(world: WebhookWorld) -> None:
    (made,) = world.night.change({"op": "create_deal", "fields": {"name": "Мимолётная"}})
    world.night.change({"op": "delete_deals", "ids": [int(made["id"])]})
    world.come_in(*world.receive(2))
    world.run()
    assert world.deal(int(made["id"])) is None
    assert set(world.outcomes()) == {"deleted, not here"}


def test_a_restored_deal_is_present_again(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.change({"op": "delete_deals", "ids": [id]})
    world.run()
    world.change({"op": "restore_deals", "ids": [id]})
    world.run()
    assert deleted(world, "deals", id)[0] is False
