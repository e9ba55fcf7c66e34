"""Every version of a deal that was seen is kept, with the stage moves that follow, and nothing that was not."""

from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration.conftest import DEALS
from tests.integration.databases import EMPTY

from .deal_histories import (
    MICROSECOND,
    Move,
    Sync,
    assert_the_history_fits,
    history,
    moment,
    moves,
    now,
    payload_of,
    versions,
)


def card(megaplan: EmulatedMegaplan, deal: int | str) -> dict[str, Any]:
    (found,) = megaplan.control(f"state?entity=deals&ids={deal}")
    assert isinstance(found, dict)
    return found


def active_deal(megaplan: EmulatedMegaplan, *, updated_after_its_move: bool = False) -> dict[str, Any]:
    """Return the card of a deal that can go on, with positions."""
    found: dict[str, Any] = next(
        card
        for card in megaplan.control("state?entity=deals")
        if card["result"] == "active"
        and card.get("positions")
        and (not updated_after_its_move or card["timeUpdated"] != card["stateTimeUpdated"])
    )
    return found


@pytest.fixture
def template(loaded_template: str) -> str:
    """Most of these tests begin with a loaded account."""
    return loaded_template


@pytest.mark.parametrize("template", [EMPTY])
def test_the_first_load_opens_a_version_of_each_deal(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    assert_the_history_fits(database)
    cards = {int(card["id"]): card for card in megaplan.control("state?entity=deals")}
    begun = dict(database.execute("SELECT deal_id, valid_from FROM megaplan_raw.deal_versions").fetchall())
    assert begun == {deal: moment(card, "timeUpdated") for deal, card in cards.items()}
    first_moves = database.execute(
        """SELECT deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id, source
        FROM megaplan_raw.deal_stage_moves"""
    ).fetchall()
    assert len(first_moves) == DEALS
    for deal, *move in first_moves:
        card = cards[deal]
        stage = int(card["program"]["id"]), int(card["state"]["id"])
        assert move == [moment(card, "stateTimeUpdated"), None, None, *stage, None, "versions"]


def test_what_has_not_changed_makes_no_history(sync: Sync, database: Connection[Any]) -> None:
    before = history(database)
    sync("deals")
    sync("deals", full_refresh=True)
    assert history(database) == before


def test_a_changed_deal_gets_a_version_from_megaplans_time_on_and_the_old_one_keeps_its_payload(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)["id"]
    payload, (first,) = payload_of(database, deal), versions(database, deal)
    megaplan.control("mutate", {"op": "update_deal", "id": deal, "fields": {"name": "Вторая"}})
    sync("deals")
    old, new = versions(database, deal)
    changed_at = moment(card(megaplan, deal), "timeUpdated")
    assert changed_at > first.valid_from
    assert old == first._replace(valid_to=changed_at, has_payload=True)
    assert (new.valid_from, new.valid_to, new.name, new.has_payload) == (changed_at, None, "Вторая", False)
    kept = database.execute(
        "SELECT payload FROM megaplan_raw.deal_versions WHERE deal_id = %s AND valid_to IS NOT NULL", (deal,)
    ).fetchall()
    assert kept == [(payload,)]
    assert len(moves(database, deal)) == 1, "a new name is no move"
    (total,) = database.execute("SELECT count(*) FROM megaplan_raw.deal_versions").fetchone() or (0,)
    assert total == DEALS + 1


def test_several_changes_between_two_syncs_are_one_version(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)["id"]
    for name in ("Вторая", "Третья"):
        megaplan.control("mutate", {"op": "update_deal", "id": deal, "fields": {"name": name}})
        megaplan.control("mutate", {"op": "advance_clock", "seconds": 60})
    sync("deals")
    assert [version.name for version in versions(database, deal)][1:] == ["Третья"]


def test_a_change_that_does_not_move_time_updated_counts_from_when_it_was_seen(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    (first,), first_moves = versions(database, deal["id"]), moves(database, deal["id"])
    offer = {"contentType": "OfferRow", "offer": {"contentType": "Offer", "id": "2900"}, "quantity": 41}
    mutation = {"op": "set_positions", "id": deal["id"], "positions": [offer], "touch": False}
    megaplan.control("mutate", mutation)
    began = now(database)
    sync("deals", full_refresh=True)
    old, new = versions(database, deal["id"])
    assert new.updated_at == first.updated_at
    assert began < new.valid_from < now(database)
    assert old == first._replace(valid_to=new.valid_from, has_payload=True)
    assert moves(database, deal["id"]) == first_moves
    assert_the_history_fits(database)


def test_a_version_begins_after_the_one_before_although_megaplans_clock_is_ahead(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)["id"]
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 86_400})
    megaplan.control("mutate", {"op": "update_deal", "id": deal, "fields": {"name": "Завтра"}})
    sync("deals")
    megaplan.control("mutate", {"op": "remove_position", "id": deal, "position": 0, "touch": False})
    sync("deals", full_refresh=True)
    _, tomorrow, seen = versions(database, deal)
    assert tomorrow.valid_from == moment(card(megaplan, deal), "timeUpdated") > now(database)
    assert seen.valid_from == tomorrow.valid_to == tomorrow.valid_from + MICROSECOND
    assert_the_history_fits(database)


def test_a_move_is_dated_by_megaplan(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    stages, times = [int(deal["state"]["id"])], [moment(deal, "stateTimeUpdated")]
    for _ in range(3):
        megaplan.control("mutate", {"op": "advance_clock", "seconds": 60})
        (moved,) = megaplan.control("mutate", {"op": "move_stage", "id": deal["id"]})
        stages.append(int(moved["state"]))
        times.append(moment(card(megaplan, deal["id"]), "stateTimeUpdated"))
        sync("deals")
    back = {"op": "move_stage", "id": deal["id"], "state": stages[0]}
    megaplan.control("mutate", [{"op": "advance_clock", "seconds": 60}, back])
    megaplan.control(
        "mutate",
        [
            {"op": "advance_clock", "seconds": 60},  # something else is changed later, and seen together
            {"op": "update_deal", "id": deal["id"], "fields": {"name": "Другая"}},
        ],
    )
    sync("deals")
    stages.append(stages[0])
    times.append(moment(card(megaplan, deal["id"]), "stateTimeUpdated"))
    assert times[-1] < moment(card(megaplan, deal["id"]), "timeUpdated")
    expected = [
        Move(at, before, after) for at, before, after in zip(times, [None, *stages], stages, strict=False)
    ]
    assert moves(database, deal["id"]) == expected
    assert_the_history_fits(database)


def test_a_move_that_does_not_move_time_updated_is_dated_by_megaplan_all_the_same(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    (moved,) = megaplan.control("mutate", {"op": "move_stage", "id": deal["id"], "touch": False})
    sync("deals", full_refresh=True)
    changed = card(megaplan, deal["id"])
    assert changed["timeUpdated"] == deal["timeUpdated"]
    assert moves(database, deal["id"])[1:] == [
        Move(moment(changed, "stateTimeUpdated"), int(deal["state"]["id"]), int(moved["state"]))
    ]


def test_a_renamed_stage_is_neither_a_version_nor_a_move(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = history(database)
    stage = active_deal(megaplan)["state"]["id"]
    megaplan.control("mutate", {"op": "rename_stage", "id": stage, "name": "Иначе"})
    sync("pipelines", "deals", full_refresh=True)
    assert history(database) == before


def test_new_and_removed_custom_fields_and_a_clients_new_name_are_no_versions(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before, deal = history(database), active_deal(megaplan)
    pipeline, client = int(deal["program"]["id"]), int(deal["contractor"]["id"])
    (added,) = megaplan.control("mutate", {"op": "add_custom_field", "program": pipeline, "title": "Новое"})
    fields = {"name": "Другое имя", "firstName": "Другое", "lastName": "Имя"}
    megaplan.control("mutate", {"op": "update_contractor", "id": client, "fields": fields})
    sync("custom_fields", "contacts", "deals", full_refresh=True)
    assert history(database) == before
    assert added["key"] in payload_of(database, deal["id"])
    megaplan.control("mutate", {"op": "remove_custom_field", "key": added["key"]})
    sync("custom_fields", "deals", full_refresh=True)
    assert history(database) == before
    assert added["key"] not in payload_of(database, deal["id"])


def test_a_row_that_somebody_changed_here_is_written_anew_and_makes_no_history(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = history(database)
    database.execute(
        """UPDATE megaplan_raw.deals SET payload = payload || '{"name": "рукой", "state": {"id": "1"}}',
        content_hash = 'other' WHERE id < 1100"""
    )
    assert sync("deals", full_refresh=True)["deals"].updated > 50
    assert history(database) == before
    assert_the_history_fits(database)


def test_what_was_changed_here_by_hand_never_becomes_a_version_of_megaplans(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)
    database.execute(
        """UPDATE megaplan_raw.deals SET payload = payload || '{"name": "рукой"}' WHERE id = %s""",
        (deal["id"],),
    )
    megaplan.control("mutate", {"op": "update_deal", "id": deal["id"], "fields": {"name": "Новая"}})
    sync("deals")
    assert [version.name for version in versions(database, deal["id"])] == ["Новая"]


def test_rows_deleted_here_by_hand_come_back_to_their_version(sync: Sync, database: Connection[Any]) -> None:
    before = history(database)
    database.execute("DELETE FROM megaplan_raw.deals WHERE id < 1100")
    sync("deals", full_refresh=True)
    assert history(database) == before
    assert_the_history_fits(database)


def test_a_row_deleted_by_hand_goes_on_where_its_past_ends(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deal = active_deal(megaplan)["id"]
    megaplan.control("mutate", {"op": "remove_position", "id": deal, "position": 0, "touch": False})
    sync("deals", full_refresh=True)
    before = [version[:2] for version in versions(database, deal)]
    assert len(before) == 2
    database.execute("DELETE FROM megaplan_raw.deals WHERE id = %s", (deal,))
    sync("deals", full_refresh=True)
    assert [version[:2] for version in versions(database, deal)] == before
    assert_the_history_fits(database)


def test_many_rounds_of_changes_leave_chains_without_gaps(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deals = [card["id"] for card in megaplan.control("state?entity=deals&fields=id")]
    expected = DEALS
    for seed in range(4):
        megaplan.control("mutate", {"op": "advance_clock", "seconds": 30})
        megaplan.control("mutate", {"op": "touch_many", "count": 150, "seed": seed})
        expected += 150
        moving = [{"op": "move_stage", "id": deal} for deal in deals[seed:100:7]]
        megaplan.control("mutate", moving)
        expected += sync("deals", page_size=40)["deals"].updated - 150
    assert_the_history_fits(database)
    (total,) = database.execute("SELECT count(*) FROM megaplan_raw.deal_versions").fetchone() or (0,)
    assert total == expected
