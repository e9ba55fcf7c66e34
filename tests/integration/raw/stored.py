"""Writes entities as a page does, without Megaplan, and reads what became of them."""

from collections.abc import Sequence
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from megaplan_sync.raw.canonical import readable
from megaplan_sync.raw.entities import ENTITIES
from megaplan_sync.raw.writer import EntitiesWritten, EntityWriter

ACCOUNT = "mp361546"


class Store:
    """Raw tables of one account."""

    def __init__(self, database: Connection[Any]) -> None:
        self.database = database

    def write(self, entity: str, *items: Any, distrusted: Sequence[int] = ()) -> EntitiesWritten:
        """Write one page; what is no entity is set aside."""
        entities, odd = readable(items) if entity != "pipelines" else (list(items), [])
        with self.database.transaction():
            writer = EntityWriter(ENTITIES[entity])
            return writer.write(self.database, ACCOUNT, entities, odd=odd, distrusted=distrusted)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table in the order of their keys."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            query = SQL("SELECT * FROM {} ORDER BY 1, 2, 3").format(Identifier("megaplan_raw", table))
            return cursor.execute(query).fetchall()

    def row(self, table: str) -> dict[str, Any]:
        """Return the only row of a table."""
        (row,) = self.rows(table)
        return row


@pytest.fixture
def template(prepared_template: str) -> str:
    """These tests begin with empty tables."""
    return prepared_template


@pytest.fixture
def store(database: Connection[Any]) -> Store:
    """Empty raw tables of one account."""
    return Store(database)


def link(content_type: str, identity: str) -> dict[str, Any]:
    return {"contentType": content_type, "id": identity}


def money(value: Any, currency: Any, in_main: Any) -> dict[str, Any]:
    return {
        "contentType": "Money",
        "value": value,
        "currency": currency,
        "valueInMain": in_main,
        "rate": 77.65,
    }


def moment(value: Any) -> dict[str, Any]:
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
    "contactInfo": [
        {"contentType": "ContactInfo", "type": "phone", "value": "8 (912) 345-67-89", "isMain": True},
        {"contentType": "ContactInfo", "type": "email", "value": "anna@example.org"},
        {"contentType": "ContactInfo", "type": "phone", "value": "добавочный 12"},
        {"contentType": "Address", "address": "Москва, Тверская, 1"},
    ],
}
