"""Odd answers to one entity by its card or by links: it is set aside, and all others are read."""

import json
from typing import Any

import pytest

from megaplan_sync.kernel.exceptions import EntitiesFailedError
from tests.integration.webhooks.test_reading_again import ids, renamed
from tests.integration.webhooks.world import WebhookWorld

ODD_CARDS: dict[str, Any] = {
    "a text": "Сделка",
    "a list": [{"contentType": "Deal", "id": "1"}],
    "an empty object": {},
    "null": None,
    "no id": {"contentType": "Deal", "name": "без id"},
    "no content type": {"id": "1001", "name": "без типа"},
    "an id beyond bigint": {"contentType": "Deal", "id": "9" * 25},
}


def answer(world: WebhookWorld, path: str, data: Any) -> None:
    body = json.dumps({"meta": {"status": 200, "errors": []}, "data": data})
    fault = {"kind": "502", "status": 200, "path": path, "exact": True, "body": body}
    world.night.megaplan.control("faults", fault)


def set_aside(world: WebhookWorld) -> list[tuple[str, str]]:
    rows = world.night.database.execute("SELECT entity, id FROM megaplan_raw.unreadable_rows").fetchall()
    return [(entity, identity) for entity, identity in rows]


@pytest.mark.parametrize("card", ODD_CARDS.values(), ids=ODD_CARDS)
@pytest.mark.parametrize("event", ["on_after_update", "on_after_drop"])
def test_a_card_that_is_no_entity_is_set_aside(world: WebhookWorld, card: Any, event: str) -> None:
    odd, other = ids(world, 2)
    world.night.change(renamed(other, "Обычная"))
    world.receive(1)
    answer(world, f"/deal/{odd}", card)
    answer(world, "/bulk/getEntitiesByLinks", [])
    world.come_in(world.event("Deal", odd, event), world.event("Deal", other))
    world.run()
    assert set_aside(world) == [("deals", str(odd))]
    assert world.deal(other) == "Обычная"
    assert world.deal(odd, "deleted_at") is None
    assert None not in world.outcomes()


def test_odd_entries_among_links_stop_no_other(world: WebhookWorld) -> None:
    odd, *others = ids(world, 5)
    world.night.change(*[renamed(each, "Обычная") for each in others])
    world.receive(4)
    cards = [card for card in world.night.megaplan.control("state?entity=deals") if int(card["id"]) in others]
    answer(world, "/bulk/getEntitiesByLinks", [None, "x", *cards, {"contentType": "Deal", "id": ["1"]}])
    answer(world, f"/deal/{odd}", "x")
    world.come_in(*[world.event("Deal", each) for each in (odd, *others)])
    world.run()
    assert {world.deal(each) for each in others} == {"Обычная"}
    assert set_aside(world) == [("deals", str(odd))]


@pytest.mark.parametrize("event", ["on_after_update", "on_after_drop"])
def test_a_card_that_gets_no_answer_of_megaplans_stops_no_other(world: WebhookWorld, event: str) -> None:
    odd, other = ids(world, 2)
    world.night.change(renamed(other, "Обычная"))
    world.receive(1)
    answer(world, "/bulk/getEntitiesByLinks", [])
    world.night.megaplan.control("faults", {"kind": "html", "path": f"/deal/{odd}", "exact": True})
    world.come_in(world.event("Deal", odd, event), world.event("Deal", other))
    with pytest.raises(EntitiesFailedError, match="HTML page"):
        world.run()
    assert world.deal(other) == "Обычная"
    assert world.deal(odd, "deleted_at") is None
    assert None in world.outcomes()


def test_the_night_leaves_only_the_rows_open_whose_cards_fail(world: WebhookWorld) -> None:
    night = world.night
    failing, vanished, other = ids(world, 3)
    name = world.deal(other)
    answer(world, "/bulk/getEntitiesByLinks", [])
    night.change({"op": "delete_deals", "ids": [vanished]})
    for each in (failing, vanished):
        night.megaplan.control("faults", {"kind": "500", "path": f"/deal/{each}", "exact": True})
    night.database.execute("DELETE FROM megaplan_raw.deals WHERE id = ANY (%s)", ([failing, other],))
    certificate = night.run("deals")["deals"]
    assert (certificate.verdict, certificate.unresolved) == ("unresolved", 2)
    assert world.deal(other) == name
    assert world.deal(vanished, "deleted_at") is None
    night.megaplan.control("faults", method="DELETE")
    certificate = night.run("deals")["deals"]
    assert (certificate.verdict, certificate.deleted) == ("proven", 1)


def test_the_night_sets_an_odd_card_aside_too(world: WebhookWorld) -> None:
    night = world.night
    odd, other = ids(world, 2)
    name = world.deal(other)
    answer(world, "/bulk/getEntitiesByLinks", [])
    answer(world, f"/deal/{odd}", [])
    night.database.execute("DELETE FROM megaplan_raw.deals WHERE id = ANY (%s)", ([odd, other],))
    certificate = night.run("deals")["deals"]
    assert (certificate.verdict, certificate.unreadable) == ("unreadable", 1)
    assert set_aside(world) == [("deals", str(odd))]
    assert world.deal(other) == name


def test_a_row_that_is_odd_in_its_list_is_not_taken_for_a_deleted_one(world: WebhookWorld) -> None:
    night = world.night
    ways = night.megaplan.control("state?entity=advertising_ways&fields=name")
    answer(world, "/contractorAdvertisingWay", [*ways[1:], {"contentType": "ContractorAdvertisingWay"}])
    certificate = night.run("advertising_ways")["advertising_ways"]
    assert (certificate.verdict, certificate.unreadable, certificate.deleted) == ("unreadable", 1, 0)
    assert night.present("advertising_ways") == len(ways)


def test_one_pipeline_without_stages_stops_no_other(world: WebhookWorld) -> None:
    night = world.night
    program, *others = (each["id"] for each in night.megaplan.control("state?entity=programs"))
    listed = [
        {"contentType": "Program", "id": each, "name": f"Воронка {each}"} for each in (program, *others)
    ]
    answer(world, "/program", listed)
    fault = {"kind": "502", "status": 404, "path": f"/program/{program}/states", "exact": True}
    body = {"meta": {"status": 404, "errors": [{"message": "Not found"}]}, "data": {}}
    night.megaplan.control("faults", {**fault, "body": json.dumps(body)})
    night.sync("pipelines", full_refresh=True)
    assert set_aside(world) == [("pipelines", program)]
    named = night.database.execute("SELECT count(*) FROM megaplan_raw.pipelines WHERE name LIKE 'Воронка %'")
    assert named.fetchone() == (len(others),)
