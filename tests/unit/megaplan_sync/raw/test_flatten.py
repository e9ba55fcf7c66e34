"""Entities in canonical form become rows."""

from typing import Any

import pytest

from megaplan_sync.kernel.exceptions import UnreadableEntityError
from megaplan_sync.raw.canonical import content
from megaplan_sync.raw.flatten import (
    contact_name,
    contact_point_rows,
    contact_row,
    currency_row,
    custom_fields,
    deal_position_rows,
    deal_row,
    department_row,
    employee_row,
    main_email,
    pipeline_row,
    pipeline_stage_rows,
)

ACCOUNT = "mp361546"


def link(content_type: str, identity: str) -> dict[str, Any]:
    return {"contentType": content_type, "id": identity}


def money(value: float, currency: str, in_main: float) -> dict[str, Any]:
    return {
        "contentType": "Money",
        "value": value,
        "currency": currency,
        "valueInMain": in_main,
        "rate": 77.65,
    }


def moment(value: str) -> dict[str, Any]:
    return {"contentType": "DateTime", "value": value}


DEAL = {
    **link("Deal", "77"),
    "number": "К-77",
    "name": "Поставка",
    "program": link("Program", "14"),
    "state": link("ProgramState", "102"),
    "stateTimeUpdated": moment("2026-09-20T10:00:00+00:00"),
    "result": "active",
    "manager": link("Employee", "1000004"),
    "contractor": link("ContractorCompany", "500"),
    "contact": link("ContractorHuman", "501"),
    "payer": link("Payer", "600"),
    "price": money(3100.5, "USD", 240715.62),
    "cost": money(3000, "EUR", 250000),
    "debt": money(100, "USD", 7765),
    "timeCreated": moment("2026-01-02T03:04:05+03:00"),
    "timeUpdated": moment("2026-09-21T09:15:00+00:00"),
    "Category1000061CustomFieldVidSdelki": "Тендер",
    "Category1000061CustomFieldPusto": None,
    "positions": [
        {
            **link("OfferRow", "901"),
            "name": "Станок",
            "quantity": 2.5,
            "unit": {**link("Unit", "1"), "name": "шт."},
            "price": money(1000, "USD", 77650),
            "sum": money(2500, "USD", 194125),
            "discount": {"valueInMain": 10, "type": "percent"},
            "offer": {**link("Offer", "2901"), "originalOffer": link("Offer", "2900")},
        },
        {**link("OfferRow", "900"), "name": "Доставка", "quantity": 1},
    ],
}


def flat_deal(**changes: Any) -> Any:
    deal = {key: value for key, value in {**DEAL, **changes}.items() if value != "absent"}
    return deal_row(ACCOUNT, deal, content(deal))


def test_a_deal_is_a_row() -> None:
    row = flat_deal()
    assert row[:20] == (
        ACCOUNT, 77, "К-77", "Поставка", 14, 102, "2026-09-20T10:00:00+00:00", "active", 1000004, 500, 501, 600,
        3100.5, "USD", 240715.62, 3000, "EUR", 100, "2026-01-02T03:04:05+03:00", "2026-09-21T09:15:00+00:00",
    )  # fmt: skip
    assert row.content_hash == content(DEAL).content_hash
    assert b"VidSdelki" in _bytes(row.custom_fields)
    assert b"Pusto" in _bytes(row.custom_fields)
    assert "К-77" not in _bytes(row.custom_fields).decode()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.parametrize("absent", [None, "absent"], ids=["null", "hidden"])
def test_what_is_hidden_or_empty_is_null(absent: Any) -> None:
    names = (
        "number",
        "program",
        "stateTimeUpdated",
        "manager",
        "contractor",
        "contact",
        "payer",
        "price",
        "cost",
    )
    row = flat_deal(**dict.fromkeys((*names, "debt"), absent))
    assert (row.number, row.program_id, row.state_changed_at, row.manager_id, row.contractor_id) == (
        None,
    ) * 5
    assert (row.contact_id, row.payer_id, row.price, row.price_currency, row.price_in_main) == (None,) * 5
    assert (row.cost, row.cost_currency, row.debt) == (None,) * 3
    assert row.name == "Поставка"


@pytest.mark.parametrize("identity", [None, "", "77a", {}, True, "٧"])
def test_an_entity_without_a_number_for_an_id_is_refused(identity: Any) -> None:
    with pytest.raises(UnreadableEntityError, match="Deal whose id is"):
        flat_deal(id=identity)


def test_a_manager_who_is_a_guest_is_no_employee() -> None:
    assert flat_deal(manager=link("ContractorHuman", "501")).manager_id is None


def test_a_contractor_may_be_human_or_company() -> None:
    assert flat_deal(contractor=link("ContractorHuman", "9")).contractor_id == 9
    assert flat_deal(contractor=link("Employee", "9")).contractor_id is None


def test_positions_are_counted_from_zero_in_megaplans_order() -> None:
    first, second = deal_position_rows(ACCOUNT, DEAL)
    assert first[:15] == (
        ACCOUNT, 901, 77, 0, "Станок", 2.5, "шт.", 1000, "USD", 2500, "USD", 10, "percent", 2901, 2900,
    )  # fmt: skip
    assert second[:7] == (ACCOUNT, 900, 77, 1, "Доставка", 1, None)
    assert second[7:15] == (None,) * 8


@pytest.mark.parametrize("positions", [None, []])
def test_a_deal_without_positions_has_no_rows(positions: Any) -> None:
    assert list(deal_position_rows(ACCOUNT, {**DEAL, "positions": positions})) == []
    without = {key: value for key, value in DEAL.items() if key != "positions"}
    assert list(deal_position_rows(ACCOUNT, without)) == []


def test_custom_fields_are_the_top_level_keys_that_look_so() -> None:
    entity = {
        "Category1CustomFieldX": 1,
        "CategoryCustomField": 2,
        "CustomFieldY": 3,
        "Category": 4,
        "name": {"Category1CustomFieldZ": 5},
    }
    assert custom_fields(entity) == {"Category1CustomFieldX": 1, "CategoryCustomField": 2}


def test_stages_are_counted_from_zero_in_the_pipelines_order() -> None:
    states = [
        {**link("ProgramState", "102"), "name": "Новая", "type": "active", "color": "#fff", "isEntry": True},
        {**link("ProgramState", "101"), "name": "Успех", "type": "positive", "isEntry": False},
    ]
    first, second = pipeline_stage_rows(ACCOUNT, 14, states)
    assert first[:8] == (ACCOUNT, 102, 14, 0, "Новая", "active", "#fff", True)
    assert second[:8] == (ACCOUNT, 101, 14, 1, "Успех", "positive", None, False)


@pytest.mark.parametrize("is_active", [True, False])
def test_a_pipeline_is_a_row(is_active: bool) -> None:
    program = {**link("Program", "14"), "name": "Продажи"}
    row = pipeline_row(ACCOUNT, program, content(program), is_active=is_active)
    assert row[:4] == (ACCOUNT, 14, "Продажи", is_active)


HUMAN = {
    **link("ContractorHuman", "501"),
    "name": "",
    "firstName": "Анна",
    "middleName": None,
    "lastName": "Смирнова",
    "company": link("ContractorCompany", "500"),
    "type": link("ContractorType", "3"),
    "advertisingWay": link("ContractorAdvertisingWay", "4"),
    "responsibles": [link("Employee", "2"), link("Group", "9"), link("Employee", "1")],
    "timeCreated": moment("2026-01-02T03:04:05+03:00"),
    "timeUpdated": moment("2026-09-21T09:15:00+00:00"),
    "isDropped": False,
    "Category183CustomFieldINN": "7700000000",
    "contactInfo": [
        {"contentType": "ContactInfo", "type": "phone", "value": "8 (912) 345-67-89", "isMain": True},
        {"contentType": "ContactInfo", "type": "email", "value": "anna@example.org"},
        {"contentType": "ContactInfo", "type": "phone", "value": "добавочный 12"},
        {"contentType": "Address", "address": "Москва, Тверская, 1"},
    ],
}


def test_a_human_is_a_row_with_a_name_built_from_its_parts() -> None:
    row = contact_row(ACCOUNT, HUMAN, content(HUMAN))
    assert row[:14] == (
        ACCOUNT, 501, "human", "Смирнова Анна", "Анна", None, "Смирнова", 500, 3, 4, [2, 1],
        "2026-01-02T03:04:05+03:00", "2026-09-21T09:15:00+00:00", False,
    )  # fmt: skip


def test_a_company_is_a_row_without_parts_of_a_name() -> None:
    company = {**link("ContractorCompany", "500"), "name": "ООО «Ромашка»"}
    row = contact_row(ACCOUNT, company, content(company))
    assert row[:11] == (ACCOUNT, 500, "company", "ООО «Ромашка»", *(None,) * 7)


def test_nobody_responsible_differs_from_hidden() -> None:
    assert contact_row(ACCOUNT, {**HUMAN, "responsibles": []}, content(HUMAN)).responsible_ids == []
    assert contact_row(ACCOUNT, {**HUMAN, "responsibles": None}, content(HUMAN)).responsible_ids is None


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
def test_names(parts: dict[str, Any], name: str | None) -> None:
    assert contact_name({**link("ContractorHuman", "1"), **parts}) == name


def test_contact_points_keep_their_place_and_phones_are_normal() -> None:
    rows = [row[2:7] for row in contact_point_rows(ACCOUNT, HUMAN, "RU")]
    assert rows == [
        (0, "phone", "8 (912) 345-67-89", "+79123456789", True),
        (1, "email", "anna@example.org", None, None),
        (2, "phone", "добавочный 12", None, None),
        (3, "address", "Москва, Тверская, 1", None, None),
    ]


def test_an_employee_is_a_row() -> None:
    employee = {
        **link("Employee", "1000004"),
        "name": "Смирнова Анна",
        "position": "Менеджер",
        "department": link("Department", "7"),
        "uid": 40,
        "isWorking": True,
        "canLogin": False,
        "contactInfo": [
            {"type": "email", "value": "second@example.org"},
            {"type": "email", "value": "main@example.org", "isMain": True},
        ],
    }
    row = employee_row(ACCOUNT, employee, content(employee))
    assert row[:12] == (
        ACCOUNT, 1000004, "Смирнова Анна", None, None, None, "Менеджер", 7, "main@example.org", True, False, 40,
    )  # fmt: skip
    assert main_email({"contactInfo": [{"type": "phone", "value": "1"}]}) is None
    assert main_email({}) is None


def test_directories_are_rows() -> None:
    department = {**link("Department", "7"), "name": "Продажи", "parent": link("Department", "1")}
    assert department_row(ACCOUNT, department, content(department))[:4] == (ACCOUNT, 7, "Продажи", 1)
    currency = {
        **link("Currency", "2"),
        "name": "Доллар",
        "abbreviation": "USD",
        "sign": "$",
        "rate": "77,65",
    }
    row = currency_row(ACCOUNT, currency, content(currency))
    assert row[:5] == (ACCOUNT, 2, "Доллар", "USD", "$")
    assert str(row[5]) == "77.65"
