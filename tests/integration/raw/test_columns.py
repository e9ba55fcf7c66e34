"""What Postgres derives from a payload: typed columns, line items, stages and contact points."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg.errors import GeneratedAlways

from .stored import ACCOUNT, DEAL, HUMAN, Store, link, moment, money, store, template

__all__ = ["store", "template"]


def test_a_deal_is_a_row(store: Store) -> None:
    written = store.write("deals", DEAL)
    row = store.row("deals")
    expected = {
        "account": ACCOUNT,
        "id": 77,
        "number": "К-77",
        "name": "Поставка",
        "program_id": 14,
        "state_id": 102,
        "state_changed_at": datetime(2026, 9, 20, 10, tzinfo=UTC),
        "result": "active",
        "manager_id": 1000004,
        "contractor_id": 500,
        "contact_id": 501,
        "payer_id": 600,
        "price": Decimal("3100.5"),
        "price_currency": "USD",
        "price_in_main": Decimal("240715.62"),
        "cost": 3000,
        "cost_currency": "EUR",
        "debt": 100,
        "created_at": datetime(2026, 1, 2, 0, 4, 5, tzinfo=UTC),
        "updated_at": datetime(2026, 9, 21, 9, 15, tzinfo=UTC),
        "payload": DEAL,
    }
    assert {column: row[column] for column in expected} == expected
    assert (len(written.inserted), len(written.children_inserted), written.unreadable) == (1, 2, [])
    assert store.write("deals", DEAL) == type(written)(), "an equal one is not written"


def test_a_derived_column_cannot_be_edited_by_hand(store: Store) -> None:
    store.write("deals", DEAL)
    with pytest.raises(GeneratedAlways):
        store.database.execute("UPDATE megaplan_raw.deals SET price = 1")


@pytest.mark.parametrize("absent", [None, "absent"], ids=["null", "hidden"])
def test_what_is_hidden_or_empty_is_null(store: Store, absent: Any) -> None:
    names = (
        *(
            "number",
            "program",
            "state",
            "stateTimeUpdated",
            "manager",
            "contractor",
            "contact",
            "payer",
            "price",
        ),
        *("cost", "debt"),
    )
    changed = {**DEAL, **dict.fromkeys(names, absent)}
    store.write("deals", {key: value for key, value in changed.items() if value != "absent"})
    row = store.row("deals")
    assert {column for column, value in row.items() if value is None} >= {
        "number", "program_id", "state_id", "state_changed_at", "manager_id", "contractor_id", "contact_id",
        "payer_id", "price", "price_currency", "price_in_main", "cost", "cost_currency", "debt", "deleted_at",
        "deletion_evidence", "moved_at", "moved_from_program_id", "moved_from_state_id", "move_seen_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "given", "column", "expected"),
    [
        ("manager", link("ContractorHuman", "501"), "manager_id", None),
        ("contractor", link("ContractorHuman", "9"), "contractor_id", 9),
        ("contractor", link("Employee", "9"), "contractor_id", None),
    ],
    ids=["a guest is no manager", "a person is a client", "an employee is none"],
)
def test_links_are_read_by_their_type(
    store: Store, field: str, given: dict[str, Any], column: str, expected: int | None
) -> None:
    store.write("deals", {**DEAL, field: given})
    assert store.row("deals")[column] == expected


def test_line_items_are_counted_from_zero_in_megaplans_order(store: Store) -> None:
    store.write("deals", DEAL)
    second, first = store.rows("deal_positions")
    assert [*first.values()][:15] == [
        ACCOUNT, 901, 77, 0, "Станок", Decimal("2.5"), "шт.", 1000, "USD", 2500, "USD", 10, "percent", 2901, 2900,
    ]  # fmt: skip
    assert [*second.values()][:15] == [ACCOUNT, 900, 77, 1, "Доставка", 1, *[None] * 9]


def test_line_items_follow_their_deal(store: Store) -> None:
    store.write("deals", DEAL, {**DEAL, **link("Deal", "78"), "positions": []})
    first, second = DEAL["positions"]  # type: ignore[misc]
    moved = store.write(
        "deals", {**DEAL, "positions": [second]}, {**DEAL, **link("Deal", "78"), "positions": [first]}
    )
    assert (len(moved.updated), len(moved.children_updated), moved.children_removed) == (2, 2, [])
    gone = store.write("deals", {**DEAL, "positions": None})
    assert [key.id for key in gone.children_removed] == [900]
    kept = {row["id"]: (row["deal_id"], row["deleted_at"] is None) for row in store.rows("deal_positions")}
    assert kept == {900: (77, False), 901: (78, True)}
    back = store.write("deals", {**DEAL, "positions": [second]})
    assert [key.id for key in back.children_inserted] == [900]


def test_a_line_item_claimed_by_two_deals_of_a_page_is_one_row(store: Store) -> None:
    store.write("deals", DEAL, {**DEAL, **link("Deal", "78")})
    assert {row["deal_id"] for row in store.rows("deal_positions")} == {78}


def test_stages_stand_where_their_pipeline_has_them(store: Store) -> None:
    states = [
        {**link("ProgramState", "102"), "name": "Новая", "type": "active", "color": "#fff", "isEntry": True},
        {**link("ProgramState", "101"), "name": "Успех", "type": "positive", "isEntry": False},
    ]
    program = {**link("Program", "14"), "name": "Продажи"}
    store.write("pipelines", {"pipeline": program, "is_active": False, "stages": states})
    assert [store.row("pipelines")[column] for column in ("id", "name", "is_active")] == [
        14,
        "Продажи",
        False,
    ]
    columns = ("id", "pipeline_id", "position", "name", "type", "color", "is_entry")
    assert [[row[column] for column in columns] for row in store.rows("pipeline_stages")] == [
        [101, 14, 1, "Успех", "positive", None, False],
        [102, 14, 0, "Новая", "active", "#fff", True],
    ]
    again = store.write("pipelines", {"pipeline": program, "is_active": True, "stages": states[:1]})
    assert (len(again.updated), [key.id for key in again.children_removed]) == (1, [101])


def test_a_person_is_a_row_with_a_name_put_together(store: Store) -> None:
    store.write("contacts", HUMAN)
    assert [*store.row("contacts").values()][:14] == [
        ACCOUNT, 501, "human", "Смирнова Анна", "Анна", None, "Смирнова", 500, 3, 4, [2, 1],
        datetime(2026, 1, 2, 0, 4, 5, tzinfo=UTC), datetime(2026, 9, 21, 9, 15, tzinfo=UTC), False,
    ]  # fmt: skip


def test_a_company_is_a_row_without_parts_of_a_name(store: Store) -> None:
    store.write("contacts", {**link("ContractorCompany", "500"), "name": "ООО «Ромашка»"})
    assert [*store.row("contacts").values()][:11] == [ACCOUNT, 500, "company", "ООО «Ромашка»", *[None] * 7]


@pytest.mark.parametrize("responsibles", [[], None], ids=["nobody", "hidden"])
def test_nobody_responsible_differs_from_hidden(store: Store, responsibles: Any) -> None:
    store.write("contacts", {**HUMAN, "responsibles": responsibles})
    assert store.row("contacts")["responsible_ids"] == responsibles


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"name": "Как есть", "lastName": "Иная"}, "Как есть"),
        ({"name": None, "lastName": "Ли", "firstName": "Анна", "middleName": "Ивановна"}, "Ли Анна Ивановна"),
        ({"firstName": "Анна"}, "Анна"),
        ({"name": ""}, ""),
        ({}, None),
    ],
)  # fmt: skip
def test_names(store: Store, parts: dict[str, Any], name: str | None) -> None:
    store.write("contacts", {**link("ContractorHuman", "1"), **parts})
    assert store.row("contacts")["name"] == name


def test_contact_points_keep_their_place_and_phones_are_normalised(store: Store) -> None:
    store.write("contacts", HUMAN)
    columns = ("position", "type", "value", "phone_e164", "is_main")
    assert [[row[column] for column in columns] for row in store.rows("contact_points")] == [
        [0, "phone", "8 (912) 345-67-89", "+79123456789", True],
        [1, "email", "anna@example.org", None, None],
        [2, "phone", "добавочный 12", None, None],
        [3, "address", "Москва, Тверская, 1", None, None],
    ]
    fewer = store.write("contacts", {**HUMAN, "contactInfo": HUMAN["contactInfo"][1:3]})  # type: ignore[index]
    assert [key.part for key in fewer.children_removed] == [2, 3]


def test_an_employee_is_a_row(store: Store) -> None:
    contact_info = [
        {"type": "email", "value": "second@example.org"},
        {"type": "email", "value": "main@example.org", "isMain": True},
    ]
    store.write(
        "employees",
        {
            **link("Employee", "1000004"),
            "name": "Смирнова Анна",
            "position": "Менеджер",
            "department": link("Department", "7"),
            "uid": 40,
            "isWorking": True,
            "canLogin": False,
            "contactInfo": contact_info,
        },
        {**link("Employee", "5"), "contactInfo": [{"type": "phone", "value": "1"}]},
    )
    without, row = store.rows("employees")
    assert [*row.values()][:12] == [
        ACCOUNT, 1000004, "Смирнова Анна", None, None, None, "Менеджер", 7, "main@example.org", True, False, 40,
    ]  # fmt: skip
    assert without["email"] is None


def test_directories_are_rows(store: Store) -> None:
    store.write(
        "departments", {**link("Department", "7"), "name": "Продажи", "parent": link("Department", "1")}
    )
    assert [*store.row("departments").values()][:4] == [ACCOUNT, 7, "Продажи", 1]
    dollar = {"name": "Доллар", "abbreviation": "USD", "sign": "$", "rate": "77,65", "isBase": False}
    store.write("currencies", {**link("Currency", "2"), **dollar})
    assert [*store.row("currencies").values()][:7] == [
        ACCOUNT, 2, "Доллар", "USD", "$", Decimal("77.65"), False,
    ]  # fmt: skip


def test_the_hash_and_equality_of_a_payload_are_postgres_own(store: Store) -> None:
    store.write("deals", {**DEAL, "price": money(3100.50, "USD", 1)})
    same = {key: DEAL[key] for key in reversed(DEAL)} | {"price": money(3100.5, "USD", 1)}
    assert store.write("deals", same).updated == [], (
        "neither the order of keys nor a zero at the end is a change"
    )
    fits = "SELECT content_hash = md5(payload::text) FROM megaplan_raw.deals"
    assert store.database.execute(fits).fetchall() == [(True,)]
    store.database.execute("UPDATE megaplan_raw.deals SET content_hash = 'edited'")
    assert store.write("deals", same).updated == []
    assert [key.id for key in store.write("deals", same, distrusted=[77]).updated] == [77]
    assert store.database.execute(fits).fetchall() == [(True,)]
    assert store.rows("past_deal_versions") == []


def test_the_later_of_two_versions_in_one_page_is_stored(store: Store) -> None:
    later = {**DEAL, "name": "Позже", "timeUpdated": moment("2026-09-22T09:15:00+00:00")}
    assert len(store.write("deals", DEAL, later).inserted) == 1
    assert store.row("deals")["name"] == "Позже"
