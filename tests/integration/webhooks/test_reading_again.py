"""Exactly the entities that webhooks name are read again, with as few requests as possible."""

import time
from typing import Any

import pytest

from megaplan_sync.kernel.session import Session
from megaplan_sync.webhooks.waiting import NOTHING_TO_READ
from tests.integration import truth
from tests.integration.webhooks.world import WebhookWorld

CARD, LINKS, LIST = "/deal/<id>", "/bulk/getEntitiesByLinks", "/deal"


def ids(world: WebhookWorld, count: int, table: str = "deals") -> list[int]:
    rows = world.night.database.execute(
        f"SELECT id FROM megaplan_raw.{table} WHERE deleted_at IS NULL ORDER BY id LIMIT %s", (count,)
    ).fetchall()
    return [id for (id,) in rows]


def renamed(id: int, name: str) -> dict[str, Any]:
    return {"op": "update_deal", "id": id, "fields": {"name": name}}


def test_a_new_deal_is_in_the_table_after_one_request(world: WebhookWorld) -> None:
    (made,) = world.change({"op": "create_deal", "fields": {"name": "Тестовая сделка"}})
    done = world.run()
    assert world.deal(int(made["id"])) == "Тестовая сделка"
    assert (done["deals"].inserted, done["deals"].updated) == (1, 0)
    assert world.asked() == {CARD: 1}
    assert world.outcomes() == ["written"]


def test_a_thousand_webhooks_of_one_deal_cost_one_read(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.night.change(renamed(id, "Последнее имя"))
    world.receive(1)
    world.come_in(*[world.event("Deal", id) for _ in range(1000)])
    assert world.run()["deals"].updated == 1
    assert world.asked() == {CARD: 1}
    assert set(world.outcomes()) == {"written"}
    assert len(world.outcomes()) == 1000


@pytest.mark.parametrize(
    ("gives", "routes"),
    [
        ("card", {LINKS: 1}),
        # the list sorted by latest change has all of them
        ("listed", {LINKS: 1, CARD: 1, LIST: 1}),
    ],
)
def test_many_deals_are_read_a_page_at_a_time(
    world: WebhookWorld, gives: str, routes: dict[str, int]
) -> None:
    world.night.megaplan.control("knobs", {"links_give": gives})
    chosen = ids(world, 40)
    world.change(*[renamed(id, f"Сделка {id}") for id in chosen])
    assert world.run()["deals"].updated == 40
    assert world.asked() == routes
    world.night.assert_tables_are_megaplan()


def test_contacts_and_employees_are_read_too(world: WebhookWorld) -> None:
    world.night.megaplan.control("knobs", {"links_give": "card"})
    humans = world.night.database.execute(
        "SELECT id FROM megaplan_raw.contacts WHERE kind = 'human' ORDER BY id LIMIT 3"
    ).fetchall()
    world.change(
        *[{"op": "update_contractor", "id": id, "fields": {"firstName": f"Имя{id}"}} for (id,) in humans],
        {"op": "update_employee", "id": 1_000_003, "fields": {"position": "Директор"}},
        {"op": "update_employee", "id": 1_000_005, "fields": {"position": "Курьер"}},
    )
    done = world.run()
    assert (done["contacts"].updated, done["employees"].updated) == (3, 2)
    # Megaplan fails with 500 on links to employees
    assert world.asked() == {LINKS: 1, "/employee/<id>": 2}
    assert world.night.value("SELECT position FROM megaplan_raw.employees WHERE id = 1000005") == "Курьер"


def test_many_employees_are_read_by_their_list(world: WebhookWorld) -> None:
    chosen = ids(world, 12, "employees")
    world.change(*[{"op": "update_employee", "id": id, "fields": {"position": "Курьер"}} for id in chosen])
    assert world.run()["employees"].updated == 12
    assert set(world.asked()) == {"/employee"}


def test_a_stage_move_makes_a_version_and_a_move(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    before = world.night.value(
        "SELECT count(*) FROM megaplan_raw.deal_stage_moves WHERE deal_id = %(id)s", id=id
    )
    world.change({"op": "move_stage", "id": id})
    world.run()
    versions = "SELECT count(*) FROM megaplan_raw.deal_versions WHERE deal_id = %(id)s"
    moves = "SELECT count(*) FROM megaplan_raw.deal_stage_moves WHERE deal_id = %(id)s"
    assert world.night.value(versions, id=id) == 2
    assert world.night.value(moves, id=id) == before + 1


def test_a_removed_position_that_moves_no_time_is_seen_at_once(world: WebhookWorld) -> None:
    row = world.night.database.execute(
        "SELECT deal_id, count(*) FROM megaplan_raw.deal_positions GROUP BY deal_id HAVING count(*) > 1 LIMIT 1"
    ).fetchone()
    assert row is not None
    world.change({"op": "remove_position", "id": row[0]})
    world.run()
    assert truth.loaded_positions(world.night.database) == truth.positions(world.night.megaplan)


def test_what_becomes_visible_late_is_read_once_more(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.night.megaplan.control("knobs", {"read_lag_ms": 2500})
    world.change(renamed(id, "Поздно видно"))
    with Session.open(world.uri) as connection:
        world.new_run(connection, time.sleep, vendor_quirks={"read_lag_seconds": 3}).run()
    assert world.deal(id) == "Поздно видно"
    assert world.asked() == {CARD: 2}


def test_what_shows_no_change_is_read_twice_and_no_more(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.come_in(world.event("Deal", id))
    done = world.run()
    assert (done["deals"].updated, world.asked()) == (0, {CARD: 2})
    assert world.outcomes() == ["unchanged"]
    assert sum(world.waits) == pytest.approx(10, abs=1.5)
    assert world.run() == {}
    assert world.asked() == {}


def test_a_webhook_that_arrives_while_the_run_waits_is_processed_at_once(world: WebhookWorld) -> None:
    first, second = ids(world, 2)
    world.come_in(world.event("Deal", first))

    def meanwhile(seconds: float) -> None:
        if not world.waits:
            world.change(renamed(second, "Сразу"))
        world.wait(seconds)
        if len(world.waits) == 2:
            assert world.deal(second) == "Сразу"

    world.run(sleep=meanwhile)
    assert world.deal(second) == "Сразу"


@pytest.mark.parametrize("model", ["Todo", "Comment", "Integration", "Task", "Чтото", "ProgramState"])
def test_models_without_a_table_are_settled_without_a_request(world: WebhookWorld, model: str) -> None:
    if model == "Чтото":
        world.come_in({"uuid": "1", "model": "X", "event": "on_x", "data": {"name": "no id"}})
    else:
        world.come_in(world.event(model, 5))
    assert world.run() == {}
    assert world.asked() == {}
    assert world.outcomes() == [NOTHING_TO_READ]


def test_a_scenarios_request_in_the_old_shape_names_its_deal(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.night.change(renamed(id, "Кнопка"))
    world.come_in({"data": {"deal": {"Id": id, "Name": "whatever", "RelatedObjects": [{"Id": 1}]}}})
    world.run()
    assert world.deal(id) == "Кнопка"


def test_broken_bodies_are_stored_with_the_reason_and_do_no_harm(world: WebhookWorld) -> None:
    (id,) = ids(world, 1)
    world.come_in(b"{", b"[1]", b"\xff\xfe", b'{"data": 1}', {"data": {"x": 1}}, b"[" * 100_000)
    world.change(renamed(id, "Трудности позади"))
    world.run()
    assert world.deal(id) == "Трудности позади"
    rows = world.night.database.execute(
        "SELECT count(*) FROM telephony.events WHERE broken IS NOT NULL AND derived_at IS NULL"
    ).fetchone()
    assert rows == (6,)


def test_duplicated_and_shuffled_webhooks_lead_to_the_current_state(world: WebhookWorld) -> None:
    chosen = ids(world, 10)
    world.night.change(*[renamed(id, f"{round}") for round in range(3) for id in chosen])
    bodies = world.receive(30)
    world.come_in(*bodies[::-1], *bodies[::3])
    world.run()
    assert {world.deal(id) for id in chosen} == {"2"}
    assert len(world.outcomes()) == 30
