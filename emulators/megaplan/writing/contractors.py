"""Writing of people and companies."""

from typing import Any

from ..data.changes import record_changes
from ..data.records import Record
from ..data.store import Store
from ..data.values import parse_date_only
from ..errors import MissingFieldError, WrongTypeError
from ..forms import FORMS
from .body import TEXT, Reader, link, links, read_body
from .values import read_custom

_READERS: dict[str, Reader] = {
    **dict.fromkeys(("name", "firstName", "middleName", "lastName", "gender", "position"), TEXT),
    **dict.fromkeys(("description", "preferTransport", "loginEmail"), TEXT),
    "type": link("ContractorType"),
    "company": link("ContractorCompany"),
    "advertisingWay": link("ContractorAdvertisingWay"),
    "activityType": link("ContractorActivityType"),
    "status": link("ContractorStatus"),
    "responsibles": links("Employee"),
    "tags": links("Tag"),
    "birthday": lambda store, name, value: parse_date_only(value),
}


def create_contractor(store: Store, content_type: str, body: dict[str, Any]) -> Record:
    """Create a contractor.

    :raises UnprocessableError: a field that the contractor's type requires is empty.
    """
    now = store.clock.second()
    record = Record(
        content_type,
        store.contractors.next_id(),
        {
            "created": now,
            "updated": now,
            "userCreated": store.user,
            "userUpdated": store.user,
            "responsibles": (store.user,),
            "type": store.tables["ContractorType"].rows[1],
            "contactInfo": [],
            "custom": {},
        },
    )
    values = _read_body(store, record, body)
    record.data |= values
    _check_required(record)
    if content_type == "ContractorHuman":
        record.data["name"] = None  # live: a human has no name right after creation
    store.add(record)
    _join_company(store, record)
    return record


def update_contractor(store: Store, record: Record, body: dict[str, Any], touch: bool = True) -> None:
    """Change the sent fields; ``contactInfo`` is replaced as a whole."""
    values = _read_body(store, record, body)
    changes = [(name, record.data.get(name), value) for name, value in values.items() if name != "custom"]

    def write() -> None:
        record.data.update(values)
        if record.content_type == "ContractorHuman" and record.data.get("name") is not None:
            record.data["name"] = human_name(record)
        if touch:
            record.data |= {"updated": store.clock.second(), "userUpdated": store.user}

    record_changes(store, record, changes)
    store.write(record, write)
    _join_company(store, record)


def human_name(human: Record) -> str:
    """Return a human's name made of its parts."""
    parts = (human.data.get(part) for part in ("lastName", "firstName", "middleName"))
    return " ".join(str(part) for part in parts if part)


def drop_contractor(store: Store, record: Record) -> None:
    """Delete softly: the card stays readable with ``isDropped``, lists leave it out."""
    record_changes(store, record, [], "drop")
    store.write(record, lambda: record.data.update(isDropped=True, updated=store.clock.second()))


def merge_contractors(store: Store, kept: Record, dropped: Record) -> None:
    """Move everything of one contractor to another and drop the first."""
    for deal in list(store.deals):
        if getattr(deal, "contractor", None) is dropped:
            store.write(deal, lambda deal=deal: setattr(deal, "contractor", kept))  # type: ignore[misc]
        if getattr(deal, "contact", None) is dropped and kept.content_type == "ContractorHuman":
            store.write(deal, lambda deal=deal: setattr(deal, "contact", kept))  # type: ignore[misc]
    merged = [*kept.data["contactInfo"], *dropped.data["contactInfo"]]
    now = store.clock.second()
    store.write(kept, lambda: kept.data.update(contactInfo=merged, updated=now))
    drop_contractor(store, dropped)


def _check_required(record: Record) -> None:
    required = record.data["type"].data.get("requiredFields", [])
    data = record.data
    if "name" in required and not (data.get("name") or data.get("firstName") or data.get("lastName")):
        raise MissingFieldError("name")


def _join_company(store: Store, record: Record) -> None:
    company = record.data.get("company")
    if company is not None and record not in company.data["contacts"]:
        company.data["contacts"] = (*company.data["contacts"], record)


def _read_body(store: Store, record: Record, body: dict[str, Any]) -> dict[str, Any]:
    definitions = {field.key: field for field in store.custom_fields_of(record)}
    custom = {key: read_custom(store, definitions[key], body[key]) for key in body if key in definitions}
    readers = {**_READERS, "contactInfo": lambda store, name, value: _contact_info(record, value)}
    form = FORMS[record.content_type].fields
    values = read_body(store, record.content_type, body, readers, form.keys() | custom.keys())
    return {**values, "custom": {**record.data.get("custom", {}), **custom}} if custom else values


def _contact_info(record: Record, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise WrongTypeError(value, "(Address|ContactInfo)[]", "contactInfo")
    head = {"contentType": "ContactInfo", "comment": "", "isMain": False}
    return [{**head, **entry, "subject": record.link()} for entry in value]
