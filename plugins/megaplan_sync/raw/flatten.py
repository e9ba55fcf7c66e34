"""Flattens entities in canonical form into rows of the raw tables."""

from collections.abc import Iterator

from megaplan_sync.kernel.exceptions import UnreadableEntityError
from megaplan_sync.kernel.json_text import JsonText
from megaplan_sync.kernel.phones import phone_e164
from megaplan_sync.kernel.values import boolean, identifier, link_id, moment, money, number, text
from megaplan_sync.raw.canonical import Content, Entity, canonical_json, content
from megaplan_sync.raw.rows import (
    AdvertisingWayRow,
    ContactPointRow,
    ContactRow,
    ContactTypeRow,
    CurrencyRow,
    DealPositionRow,
    DealRow,
    DepartmentRow,
    EmployeeRow,
    PipelineRow,
    PipelineStageRow,
)

CONTACT_CONTENT_TYPES = ("ContractorHuman", "ContractorCompany")


def deal_row(account: str, deal: Entity, whole: Content) -> DealRow:
    """Flatten a deal in canonical form; ``whole`` is its payload and hash."""
    price = money(deal.get("price"))
    cost = money(deal.get("cost"))
    return DealRow(
        account,
        entity_id(deal),
        text(deal.get("number")),
        text(deal.get("name")),
        link_id(deal.get("program")),
        link_id(deal.get("state")),
        moment(deal.get("stateTimeUpdated")),
        text(deal.get("result")),
        link_id(deal.get("manager"), ("Employee",)),
        link_id(deal.get("contractor"), CONTACT_CONTENT_TYPES),
        link_id(deal.get("contact"), CONTACT_CONTENT_TYPES),
        link_id(deal.get("payer")),
        *price,
        cost.value,
        cost.currency,
        money(deal.get("debt")).value,
        moment(deal.get("timeCreated")),
        moment(deal.get("timeUpdated")),
        JsonText(canonical_json(custom_fields(deal))),
        *whole,
    )


def deal_position_rows(account: str, deal: Entity) -> Iterator[DealPositionRow]:
    """Flatten the positions of a deal in canonical form, in Megaplan's order."""
    deal_id = entity_id(deal)
    for place, position in enumerate(deal.get("positions") or ()):
        offer = position.get("offer") or {}
        unit = position.get("unit") or {}
        price = money(position.get("price"))
        total = money(position.get("sum"))
        discount = position.get("discount") or {}
        yield DealPositionRow(
            account,
            entity_id(position),
            deal_id,
            place,
            text(position.get("name")),
            number(position.get("quantity")),
            text(unit.get("name")),
            price.value,
            price.currency,
            total.value,
            total.currency,
            number(discount.get("valueInMain")),
            text(discount.get("type")),
            link_id(offer),
            link_id(offer.get("originalOffer")),
            *content(position),
        )


def pipeline_row(account: str, program: Entity, whole: Content, *, is_active: bool) -> PipelineRow:
    """Flatten a program; whether it is active is known only from which list it stands in."""
    return PipelineRow(account, entity_id(program), text(program.get("name")), is_active, *whole)


def pipeline_stage_rows(account: str, pipeline_id: int, states: list[Entity]) -> Iterator[PipelineStageRow]:
    """Flatten the states of a program; the order of the array is the order of the pipeline."""
    for place, state in enumerate(states):
        yield PipelineStageRow(
            account,
            entity_id(state),
            pipeline_id,
            place,
            text(state.get("name")),
            text(state.get("type")),
            text(state.get("color")),
            boolean(state.get("isEntry")),
            *content(state),
        )


def contact_row(account: str, contact: Entity, whole: Content) -> ContactRow:
    """Flatten a contractor, human or company."""
    responsibles = contact.get("responsibles")
    return ContactRow(
        account,
        entity_id(contact),
        "human" if contact["contentType"] == "ContractorHuman" else "company",
        contact_name(contact),
        text(contact.get("firstName")),
        text(contact.get("middleName")),
        text(contact.get("lastName")),
        link_id(contact.get("company"), ("ContractorCompany",)),
        link_id(contact.get("type")),
        link_id(contact.get("advertisingWay")),
        None
        if responsibles is None
        else [found for entry in responsibles if (found := link_id(entry, ("Employee",))) is not None],
        moment(contact.get("timeCreated")),
        moment(contact.get("timeUpdated")),
        boolean(contact.get("isDropped")),
        JsonText(canonical_json(custom_fields(contact))),
        *whole,
    )


def contact_name(contact: Entity) -> str | None:
    """Return the name; a human may come without one (seen live), then it is built from its parts."""
    name = text(contact.get("name"))
    if name:
        return name
    parts = (text(contact.get(part)) for part in ("lastName", "firstName", "middleName"))
    return " ".join(part for part in parts if part) or name


def contact_point_rows(account: str, contact: Entity, region: str) -> Iterator[ContactPointRow]:
    """Flatten the contact details; Megaplan gives them no id, so their place is their key."""
    contact_id = entity_id(contact)
    for place, point in enumerate(contact.get("contactInfo") or ()):
        is_address = point.get("contentType") == "Address"
        kind = text(point.get("type")) or ("address" if is_address else None)
        value = text(point.get("value")) or (text(point.get("address")) if is_address else None)
        yield ContactPointRow(
            account,
            contact_id,
            place,
            kind,
            value,
            phone_e164(value, region) if kind == "phone" and value else None,
            boolean(point.get("isMain")),
            *content(point),
        )


def employee_row(account: str, employee: Entity, whole: Content) -> EmployeeRow:
    """Flatten an employee."""
    return EmployeeRow(
        account,
        entity_id(employee),
        contact_name(employee),
        text(employee.get("firstName")),
        text(employee.get("middleName")),
        text(employee.get("lastName")),
        text(employee.get("position")),
        link_id(employee.get("department")),
        main_email(employee),
        boolean(employee.get("isWorking")),
        boolean(employee.get("canLogin")),
        identifier(employee.get("uid")),
        *whole,
    )


def main_email(employee: Entity) -> str | None:
    """Return the e-mail marked as main, else the first one."""
    emails = [point for point in employee.get("contactInfo") or () if point.get("type") == "email"]
    emails.sort(key=lambda point: point.get("isMain") is not True)
    return text(emails[0].get("value")) if emails else None


def department_row(account: str, department: Entity, whole: Content) -> DepartmentRow:
    """Flatten a department."""
    return DepartmentRow(
        account,
        entity_id(department),
        text(department.get("name")),
        link_id(department.get("parent")),
        *whole,
    )


def advertising_way_row(account: str, way: Entity, whole: Content) -> AdvertisingWayRow:
    """Flatten an advertising channel."""
    return AdvertisingWayRow(
        account,
        entity_id(way),
        text(way.get("name")),
        boolean(way.get("isDefault")),
        *whole,
    )


def contact_type_row(account: str, contact_type: Entity, whole: Content) -> ContactTypeRow:
    """Flatten a contact type."""
    return ContactTypeRow(
        account,
        entity_id(contact_type),
        text(contact_type.get("name")),
        text(contact_type.get("type")),
        *whole,
    )


def currency_row(account: str, currency: Entity, whole: Content) -> CurrencyRow:
    """Flatten a currency."""
    return CurrencyRow(
        account,
        entity_id(currency),
        text(currency.get("name")),
        text(currency.get("abbreviation")),
        text(currency.get("sign")),
        number(currency.get("rate")),
        boolean(currency.get("isBase")),
        *whole,
    )


def custom_fields(entity: Entity) -> Entity:
    """Return the custom fields: top-level keys ``Category<id>CustomField<Name>`` (seen in live payloads)."""
    return {key: value for key, value in entity.items() if is_custom(key)}


def is_custom(key: str) -> bool:
    """Tell whether a key is a custom field's."""
    return key.startswith("Category") and "CustomField" in key


def entity_id(entity: Entity) -> int:
    """Return an entity's own id.

    :raises UnreadableEntityError: the entity has no numeric id, so it cannot be a row
    """
    found = identifier(entity.get("id"))
    if found is None:
        raise UnreadableEntityError(str(entity.get("contentType")), entity.get("id"))
    return found
