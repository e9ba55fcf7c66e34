"""Expected contents of the raw tables, derived from the emulator's state without the project's code."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from psycopg import Connection

Row = tuple[Any, ...]


class Account(Protocol):
    """Something that returns the emulator's state."""

    def control(self, route: str) -> Any:
        """Return a part of the state."""


class Snapshot:
    """A cache of the emulator's state, since large accounts take long."""

    def __init__(self, megaplan: Account) -> None:
        self._megaplan = megaplan
        self._parts: dict[str, Any] = {}

    def control(self, route: str) -> Any:
        """Return a part of the state."""
        if route not in self._parts:
            self._parts[route] = self._megaplan.control(route)
        return self._parts[route]


def assert_tables_are_megaplan(database: Connection[Any], megaplan: Account) -> None:
    """Assert that the tables have exactly what the emulator has."""
    megaplan = Snapshot(megaplan)
    assert loaded_deals(database) == deals(megaplan)
    assert loaded_positions(database) == positions(megaplan)
    assert loaded_contacts(database) == contacts(megaplan)


def deals(megaplan: Account) -> dict[int, Row]:
    out_of_sight = hidden(megaplan)
    return {
        int(card["id"]): (
            card["number"],
            card["name"],
            _id(card["program"]),
            _id(card["state"]),
            _time(card["stateTimeUpdated"]),
            card["result"],
            _id(card["manager"]),
            _id(card["contractor"]),
            _id(card["contact"]),
            _id(card["payer"]),
            *_money(card.get("price")),
            *_money(card.get("cost"))[:2],
            _money(card.get("debt"))[0],
            _time(card["timeCreated"]),
            _time(card["timeUpdated"]),
            {key for key in card if "CustomField" in key},
        )
        for card in megaplan.control("state?entity=deals")
        if int(card["id"]) not in out_of_sight
    }


def loaded_deals(database: Connection[Any]) -> dict[int, Row]:
    rows = database.execute(
        """SELECT id, number, name, program_id, state_id, state_changed_at, result, manager_id, contractor_id,
        contact_id, payer_id, price, price_currency, price_in_main, cost, cost_currency, debt, created_at,
        updated_at, ARRAY(SELECT key FROM jsonb_object_keys(payload) AS key WHERE key LIKE '%CustomField%')
        FROM megaplan_raw.deals WHERE deleted_at IS NULL"""
    ).fetchall()
    return {row[0]: (*row[1:-1], set(row[-1])) for row in rows}


def positions(megaplan: Account) -> dict[int, Row]:
    out_of_sight = hidden(megaplan)
    return {
        int(row["id"]): (
            int(card["id"]),
            place,
            row["name"],
            _number(row["quantity"]),
            row["unit"]["name"],
            *_money(row["price"])[:2],
            *_money(row["sum"])[:2],
            _number(row["discount"]["valueInMain"]),
            row["discount"]["type"],
            _id(row["offer"]),
            _id(row["offer"].get("originalOffer")),
        )
        for card in megaplan.control("state?entity=deals")
        if int(card["id"]) not in out_of_sight
        for place, row in enumerate(card.get("positions", []))
    }


def loaded_positions(database: Connection[Any]) -> dict[int, Row]:
    rows = database.execute(
        """SELECT id, deal_id, position, name, quantity, unit, price, price_currency, sum, sum_currency, discount,
        discount_type, offer_id, catalogue_offer_id FROM megaplan_raw.deal_positions WHERE deleted_at IS NULL"""
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def contacts(megaplan: Account) -> dict[int, Row]:
    return {
        int(card["id"]): (
            "human" if card["contentType"] == "ContractorHuman" else "company",
            card.get("firstName"),
            card.get("lastName"),
            _id(card.get("company")),
            _id(card["type"]),
            _id(card["advertisingWay"]),
            [_id(entry) for entry in card["responsibles"]],
            _time(card["timeCreated"]),
            _time(card["timeUpdated"]),
            [(point.get("type"), point.get("value")) for point in card["contactInfo"] if "value" in point],
        )
        for card in megaplan.control("state?entity=contractors")
        if not card["isDropped"]
    }


def loaded_contacts(database: Connection[Any]) -> dict[int, Row]:
    points: dict[int, list[tuple[str, str]]] = {}
    for contact_id, kind, value in database.execute(
        """SELECT contact_id, type, value FROM megaplan_raw.contact_points
        WHERE deleted_at IS NULL AND type <> 'address' ORDER BY contact_id, position"""
    ):
        points.setdefault(contact_id, []).append((kind, value))
    rows = database.execute(
        """SELECT id, kind, first_name, last_name, company_id, type_id, advertising_way_id, responsible_ids,
        created_at, updated_at FROM megaplan_raw.contacts WHERE deleted_at IS NULL"""
    ).fetchall()
    return {row[0]: (*row[1:], points.get(row[0], [])) for row in rows}


def hidden(megaplan: Account) -> set[int]:
    return {int(identity) for identity in megaplan.control("state")["hiddenDeals"]}


def _id(link: Any) -> int | None:
    return None if link is None else int(link["id"])


def _number(value: Any) -> Decimal:
    return Decimal(repr(value))


def _money(value: Any) -> tuple[Decimal | None, str | None, Decimal | None]:
    if value is None:
        return None, None, None
    return _number(value["value"]), value["currency"], _number(value["valueInMain"])


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(value["value"]).astimezone(UTC)
