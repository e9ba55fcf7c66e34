"""What has changed in Megaplan, with and without its change time moving: found, repaired and counted exactly."""

from math import ceil
from typing import Any

import pytest

from tests.integration.conftest import DEALS
from tests.integration.reconciliation.nights import Found, Night

SWEEP = ceil(DEALS / 100)


def touched(night: Night, count: int, **more: Any) -> list[int]:
    ((result),) = night.change({"op": "touch_many", "count": count, "seed": 5, **more})
    return [int(identity) for identity in result["ids"]]


def deals_with_positions(night: Night, least: int = 2) -> list[int]:
    rows = night.database.execute(
        """SELECT deal_id FROM megaplan_raw.deal_positions WHERE deleted_at IS NULL
        GROUP BY deal_id HAVING count(*) >= %s ORDER BY deal_id""",
        (least,),
    ).fetchall()
    return [identity for (identity,) in rows]


def position_ids(night: Night, deal: int) -> list[int]:
    rows = night.database.execute(
        """SELECT id FROM megaplan_raw.deal_positions WHERE deal_id = %s AND deleted_at IS NULL
        ORDER BY position""",
        (deal,),
    ).fetchall()
    return [identity for (identity,) in rows]


def test_changed_deals_cost_the_sweep_and_one_request_for_a_page_of_them(night: Night) -> None:
    touched(night, 250)
    certificates = night.run()
    asked = night.asked()
    night.assert_found(certificates, deals=Found(stale=250))
    assert asked["/deal"] == certificates["deals"].requests_used == SWEEP + ceil(250 / 100)
    assert not {path for path in asked if path.startswith("/bulk") or path == "/deal/<id>"}
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_changes_that_move_no_time_are_seen_by_whole_content_only(night: Night) -> None:
    touched(night, 200, touch=False)
    by_ids = night.run("deals")
    night.assert_found(by_ids)
    assert by_ids["deals"].depth == "ids"
    assert "Compared by ids and change times" in by_ids["deals"].doc()
    certificates = night.run("deals", depth="full")
    asked = night.asked()
    night.assert_found(certificates, deals=Found(stale=200))
    assert {path: sent for path, sent in asked.items() if path != "/currentUser"} == {"/deal": SWEEP}
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_positions_removed_added_and_changed_without_a_trace(night: Night) -> None:
    shrunk, grown, altered, emptied = deals_with_positions(night)[:4]
    first, *others = position_ids(night, altered)
    gone = len(position_ids(night, emptied))
    night.change(
        {"op": "remove_position", "id": shrunk},
        {"op": "add_position", "id": grown, "quantity": 3, "price": 12.5},
        {
            "op": "set_positions",
            "id": altered,
            "positions": [
                {"contentType": "OfferRow", "id": str(first), "quantity": 77},
                *({"contentType": "OfferRow", "id": str(other)} for other in others),
            ],
        },
        {"op": "set_positions", "id": emptied, "positions": []},
    )
    night.assert_found(night.run("deals"))  # nothing moved timeUpdated
    certificates = night.run(depth="full")
    night.assert_found(
        certificates, deals=Found(stale=4), deal_positions=Found(missing=1, stale=1, extra=1 + gone)
    )
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_a_position_taken_out_of_the_middle_moves_those_behind_it(night: Night) -> None:
    (deal, *_) = deals_with_positions(night, least=3)
    behind = len(position_ids(night, deal)) - 1
    night.change({"op": "remove_position", "id": deal, "position": 0})
    night.assert_found(
        night.run(depth="full"), deals=Found(stale=1), deal_positions=Found(stale=behind, extra=1)
    )
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_changes_in_the_second_of_the_watermark(night: Night) -> None:
    newest, watermark = night.database.execute(
        """SELECT id, extract(epoch FROM updated_at)::bigint FROM megaplan_raw.deals
        ORDER BY updated_at DESC, id LIMIT 1"""
    ).fetchone() or (0, 0)
    others = deals_with_positions(night)[:5]
    assert newest not in others
    night.change(
        *({"op": "update_deal", "id": each, "fields": {"name": f"№ {each}"}} for each in (newest, *others)),
        {"op": "same_second", "ids": [newest, *others], "time": watermark},
    )
    night.assert_found(night.run("deals"), deals=Found(stale=5))  # the newest one's time is what it was
    night.assert_found(night.run(depth="full"), deals=Found(stale=1))
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_deals_that_are_new_and_deals_that_returned(night: Night) -> None:
    ((deleted),) = night.change({"op": "delete_deals", "count": 4, "seed": 9})
    lost = [int(identity) for identity in deleted["ids"]]
    positions = sum(len(position_ids(night, deal)) for deal in lost)
    night.assert_found(night.run(), deals=Found(extra=4), deal_positions=Found(extra=positions))
    night.change(
        {"op": "restore_deals", "ids": lost},
        {"op": "create_deal", "fields": {"name": "Новая"}},
        {"op": "create_deal", "fields": {"name": "Новейшая"}},
    )
    night.assert_found(night.run(), deals=Found(missing=6), deal_positions=Found(missing=positions))
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_deals_whose_pipeline_hides_their_price(night: Night) -> None:
    hiding = night.value(
        """SELECT program_id FROM megaplan_raw.deals GROUP BY program_id
        HAVING bool_and(NOT payload ? 'price') ORDER BY 1 LIMIT 1"""
    )
    ids = [
        identity
        for (identity,) in night.database.execute(
            "SELECT id FROM megaplan_raw.deals WHERE program_id = %s LIMIT 3", (hiding,)
        )
    ]
    assert len(ids) == 3
    night.change(*({"op": "update_deal", "id": each, "fields": {"name": "Без цены"}} for each in ids))
    night.assert_found(night.run("deals"), deals=Found(stale=3))
    assert night.asked()["/deal"] == SWEEP + 1
    night.assert_tables_are_megaplan()
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id = ANY (%(ids)s)", ids=ids)
    night.assert_found(night.run("deals"), deals=Found(missing=3))
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_links_that_give_whole_entities_are_asked_for_a_page_at_a_time(night: Night) -> None:
    night.megaplan.control("knobs", {"links_give": "card"})
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id % 3 = 0")
    lost = DEALS - night.present("deals")
    assert 100 < lost < 200
    night.assert_found(night.run("deals"), deals=Found(missing=lost))
    assert night.asked()["/bulk/getEntitiesByLinks"] == 2
    assert night.asked().get("/deal/<id>", 0) <= 1  # which shows that the links give everything
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_links_that_give_too_little_are_not_believed(night: Night) -> None:
    oldest = night.value(
        "SELECT array_agg(id) FROM (SELECT id FROM megaplan_raw.deals ORDER BY updated_at LIMIT 2) AS d"
    )
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id = ANY (%(ids)s)", ids=oldest)
    night.assert_found(night.run("deals"), deals=Found(missing=2))
    assert night.asked()["/deal/<id>"] == 3  # one of them twice: it showed that links give too little
    night.assert_tables_are_megaplan()
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id % 2 = 0")
    lost = DEALS - night.present("deals")
    night.assert_found(night.run("deals"), deals=Found(missing=lost))
    assert sum(night.asked().values()) <= 2 * SWEEP + 4  # no card for each of them: the list is shorter
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


@pytest.mark.parametrize("status", [404, 500])
def test_an_account_that_gives_nothing_by_links(night: Night, status: int) -> None:
    night.megaplan.control(
        "faults", {"kind": "500", "status": status, "path": "/bulk/getEntitiesByLinks", "exact": True}
    )
    oldest = night.value(
        "SELECT array_agg(id) FROM (SELECT id FROM megaplan_raw.deals ORDER BY updated_at LIMIT 2) AS d"
    )
    night.by_hand("DELETE FROM megaplan_raw.deals WHERE id = ANY (%(ids)s)", ids=oldest)
    night.assert_found(night.run("deals"), deals=Found(missing=2))
    assert night.asked()["/deal/<id>"] == 2
    night.assert_tables_are_megaplan()


def a_contact(night: Night, points: int, kind: str = "human") -> int:
    return int(
        night.value(
            """SELECT contact_id FROM megaplan_raw.contact_points AS point
            JOIN megaplan_raw.contacts AS contact ON contact.id = contact_id
            WHERE kind = %(kind)s AND point.deleted_at IS NULL AND contact.deleted_at IS NULL
            GROUP BY contact_id HAVING count(*) = %(points)s ORDER BY 1 LIMIT 1""",
            points=points,
            kind=kind,
        )
    )


@pytest.mark.parametrize("lists", ["mixed", "by_kind"])
def test_contacts_and_their_contact_details(night: Night, lists: str) -> None:
    if lists == "by_kind":
        night.settings["vendor_quirks"] = {"contractor_list_route": "by_kind"}
        night.sync("contacts")
    human, company = a_contact(night, 2), a_contact(night, 2, "company")
    phone = {"contentType": "ContactInfo", "type": "phone", "value": "8 (900) 000-11-22"}
    night.change(
        {"op": "update_contractor", "id": human, "fields": {"contactInfo": [phone]}},
        {"op": "update_contractor", "id": company, "fields": {"contactInfo": [phone, phone, phone]}},
    )
    night.assert_found(
        night.run(), contacts=Found(stale=2), contact_points=Found(missing=1, stale=3, extra=1)
    )
    assert (
        night.value(
            "SELECT phone_e164 FROM megaplan_raw.contact_points WHERE contact_id = %(id)s AND position = 0",
            id=human,
        )
        == "+79000001122"
    )
    night.change({"op": "update_contractor", "id": human, "fields": {"contactInfo": []}, "touch": False})
    night.assert_found(night.run())
    night.assert_found(night.run(depth="full"), contacts=Found(stale=1), contact_points=Found(extra=1))
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_a_merged_contact(night: Night) -> None:
    dropped, deals = night.database.execute(
        """SELECT contractor_id, count(*) FROM megaplan_raw.deals JOIN megaplan_raw.contacts AS contact
        ON contact.id = contractor_id AND contact.deleted_at IS NULL AND contact.kind = 'company'
        GROUP BY contractor_id ORDER BY count(*) DESC LIMIT 1"""
    ).fetchone() or (0, 0)
    kept = night.value(
        """SELECT id FROM megaplan_raw.contacts WHERE kind = 'company' AND id <> %(dropped)s AND deleted_at IS NULL
        ORDER BY id LIMIT 1""",
        dropped=dropped,
    )
    points = (
        "SELECT count(*) FROM megaplan_raw.contact_points WHERE contact_id = %(id)s AND deleted_at IS NULL"
    )
    moved = night.value(points, id=dropped)
    night.change({"op": "merge_contractors", "keep": kept, "drop": dropped})
    certificates = night.run()
    assert certificates["contacts"].extra == certificates["contacts"].deleted == 1
    assert night.value(
        "SELECT deletion_evidence ->> 'isDropped' FROM megaplan_raw.contacts WHERE id = %(id)s", id=dropped
    )
    night.assert_found(
        certificates,
        contacts=Found(stale=1, extra=1),
        contact_points=Found(missing=moved, extra=moved),
    )
    night.assert_found(night.run(depth="full"), deals=Found(stale=deals))  # their time has not moved
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


def test_custom_fields_renamed_added_and_removed(night: Night) -> None:
    keys = [
        key
        for (key,) in night.database.execute(
            """SELECT key FROM megaplan_raw.custom_fields WHERE entity = 'Deal' AND valid_to IS NULL
            ORDER BY key LIMIT 2"""
        )
    ]
    columns = """SELECT array_agg(column_name ORDER BY place) FROM megaplan_sync.view_columns
        WHERE view = (SELECT deals_view FROM megaplan_sync.accounts)"""
    before = night.value(columns)
    renamed, removed = keys
    had = night.value("SELECT count(*) FROM megaplan_raw.deals WHERE payload ? %(key)s", key=removed)
    assert had
    night.change(
        {"op": "rename_custom_field", "key": renamed, "title": "Совсем другое имя"},
        {"op": "remove_custom_field", "key": removed},
    )
    night.assert_found(night.run(), custom_fields=Found(stale=1, extra=1))
    history = night.database.execute(
        """SELECT label = 'Совсем другое имя', valid_to IS NULL FROM megaplan_raw.custom_fields
        WHERE key = %s ORDER BY valid_from""",
        (renamed,),
    ).fetchall()
    assert history == [(False, False), (True, True)]
    assert night.value(columns) == before
    night.assert_found(night.run(depth="full"), deals=Found(stale=had))
    assert night.value("SELECT count(*) FROM megaplan_raw.deals WHERE payload ? %(key)s", key=removed) == 0
    ((added),) = night.change(
        {"op": "add_custom_field", "program": 14, "title": "Совсем новое", "kind": "String"}
    )
    of_program = night.value("SELECT count(*) FROM megaplan_raw.deals WHERE program_id = 14")
    night.assert_found(night.run(depth="full"), custom_fields=Found(missing=1), deals=Found(stale=of_program))
    assert night.value(columns)[: len(before)] == before
    assert len(night.value(columns)) == len(before) + 1
    assert (
        night.value("SELECT count(*) FROM megaplan_raw.deals WHERE payload ? %(key)s", key=added["key"])
        == of_program
    )
    night.assert_tables_are_megaplan()
    night.assert_same_tomorrow()


ODD = {
    "e16": 1e16, "long": 1.2345678901234567e18, "least": -1e18, "past64": 1e21, "u64": 12345678901234567890,
    "tiny": 1e-7, "zero": -0.0, "five": 5.0, "third": 1 / 3, "nul": "a\u0000b", "k\u0000ey": [1e17, {"z": -0.0}],
    "": "", "quote\"\\": "\\u0000", "😀": "\u2028",
}  # fmt: skip


def test_values_that_jsonb_writes_in_another_way_are_not_found_night_after_night(night: Night) -> None:
    deal = deals_with_positions(night)[0]
    night.change(
        {"op": "add_unknown_key", "deal": deal, "inside": "price", "key": "odd", "value": ODD},
        {"op": "update_deal", "id": deal, "fields": {"name": "nul \u0000 in the name"}},
    )
    night.assert_found(night.run("deals"), deals=Found(stale=1))
    payload = "SELECT payload -> 'price' -> 'odd' FROM megaplan_raw.deals WHERE id = %(id)s"
    assert night.value(payload, id=deal)["e16"] == 10**16
    assert (
        night.value("SELECT name FROM megaplan_raw.deals WHERE id = %(id)s", id=deal)
        == "nul \ufffd in the name"
    )
    for depth in ("ids", "full", "ids"):
        night.assert_same_tomorrow(depth)
