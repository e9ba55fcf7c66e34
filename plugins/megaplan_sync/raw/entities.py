"""The entities of Megaplan that have raw tables, and how each is requested."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from megaplan_hook.paging import Order


@dataclass(frozen=True)
class EntitySpec:
    """One list of Megaplan.

    ``required`` fields are necessary for the table; ``optional`` ones are skipped with a warning if an account
    refuses them. The custom fields of ``custom_field_types``, content types, are requested as well. ``since`` names
    the setting that says from which day on rows are copied, ``look_back`` that of the minutes which each run reads
    again.
    """

    name: str
    path: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    custom_field_types: tuple[str, ...] = ()
    since: str | None = None
    look_back: str | None = None


LATEST_CREATED_FIRST = Order("timeCreated", descending=True)
OLDEST_FIRST = Order("timeCreated", descending=False)
LATEST_CHANGE_FIRST = Order("timeUpdated", descending=True)

CURRENCIES = EntitySpec("currencies", "/currency", ("name", "abbreviation"), ("sign", "rate", "isBase"))
DEPARTMENTS = EntitySpec("departments", "/department", ("name",), ("parent",))
ADVERTISING_WAYS = EntitySpec("advertising_ways", "/contractorAdvertisingWay", ("name",), ("isDefault",))
CONTACT_TYPES = EntitySpec("contact_types", "/contractorType", ("name", "type"))
EMPLOYEES = EntitySpec(
    "employees",
    "/employee",
    (
        "name",
        "firstName",
        "middleName",
        "lastName",
        "position",
        "department",
        "uid",
        "contactInfo",
        "isWorking",
        "canLogin",
    ),
    ("status", "fireDay"),
)
PIPELINES = EntitySpec("pipelines", "/program", ("name",), ("states",))
CONTACTS = EntitySpec(
    "contacts",
    "/contractor",
    (
        "name",
        "firstName",
        "middleName",
        "lastName",
        "company",
        "type",
        "advertisingWay",
        "responsibles",
        "contactInfo",
        "timeCreated",
        "timeUpdated",
        "isDropped",
    ),
    ("position", "status"),
    custom_field_types=("ContractorHuman", "ContractorCompany"),
    look_back="contacts_look_back_minutes",
)
ONLY_HUMANS_HAVE = frozenset({"firstName", "middleName", "lastName", "company"})
CONTACT_HUMANS = replace(
    CONTACTS, name="contacts_human", path="/contractorHuman", custom_field_types=("ContractorHuman",)
)
CONTACT_COMPANIES = replace(
    CONTACTS,
    name="contacts_company",
    path="/contractorCompany",
    required=tuple(name for name in CONTACTS.required if name not in ONLY_HUMANS_HAVE),
    optional=("status",),
    custom_field_types=("ContractorCompany",),
)
DEALS = EntitySpec(
    "deals",
    "/deal",
    (
        "number",
        "name",
        "program",
        "state",
        "stateTimeUpdated",
        "result",
        "manager",
        "contractor",
        "contact",
        "payer",
        "price",
        "cost",
        "debt",
        "timeCreated",
        "timeUpdated",
        "positions",
    ),
    ("currency", "payForm", "paymentProgress", "fixCurrencyDate", "auditors", "tags", "userCreated"),
    custom_field_types=("Deal",),
    since="deals_since",
    look_back="deals_look_back_minutes",
)

CUSTOM_FIELDS = "custom_fields"
"""The dictionary of custom fields. It has no list route: there is one request per content type."""

Reading = Literal["changes", "whole", "pipelines", "definitions"]
"""How an entity is read: changes only, the whole list, pipelines with their stages, or custom field definitions."""
Gone = Literal["card", "list"]
"""What proves that a row is gone: its card, or the list if there are no cards."""


@dataclass(frozen=True)
class Children:
    """Child rows, derived from the payload of their parent or sent with it: line items, contact points, stages.

    :param table: their table
    :param orphaned: statement that marks children whose parent is missing or deleted
    :param differing: statement that finds parents whose children do not match the payload; empty if children have
        their own payload
    :param rederive: statement that rewrites such children
    :param place: statement that sets the parent and position of children with their own payload
    :param has_phones: whether they contain phone numbers, which are normalised before they are written
    :param are_entities: whether they are entities of Megaplan, and counted as such
    """

    table: str
    orphaned: str
    differing: str = ""
    rederive: str = ""
    place: str = ""
    has_phones: bool = False
    are_entities: bool = False


@dataclass(frozen=True)
class RawEntity:
    """A raw table and everything that generic code needs to know about it.

    :param name: its table
    :param content_types: concrete content types of its entities
    :param reading: how it is read
    :param lists: its lists, by preference; each alternative is one list, or several that together contain all rows
    :param write: statement that writes a page
    :param children: its child rows
    :param past_versions: table of its superseded versions
    :param gone: what proves a deletion
    :param named_by_webhooks: whether Megaplan sends webhooks for it
    :param has_stage_moves: whether its stage history can be requested
    :param identified_by: returns the entity from an item of a page, if the item contains more
    """

    name: str
    content_types: tuple[str, ...]
    reading: Reading
    lists: tuple[tuple[EntitySpec, ...], ...] = ()
    write: str = "write_directory"
    children: Children | None = None
    past_versions: str | None = None
    gone: Gone = "list"
    named_by_webhooks: bool = False
    has_stage_moves: bool = False
    identified_by: Callable[[dict[str, Any]], dict[str, Any]] = lambda entity: entity


_REGISTRY = (
    RawEntity("currencies", ("Currency",), "whole", ((CURRENCIES,),)),
    RawEntity("departments", ("Department",), "whole", ((DEPARTMENTS,),)),
    RawEntity("advertising_ways", ("ContractorAdvertisingWay",), "whole", ((ADVERTISING_WAYS,),)),
    RawEntity("contact_types", ("ContractorType",), "whole", ((CONTACT_TYPES,),)),
    RawEntity("employees", ("Employee",), "whole", ((EMPLOYEES,),), gone="card", named_by_webhooks=True),
    RawEntity(
        "pipelines",
        ("Program",),
        "pipelines",
        ((PIPELINES,),),
        write="write_pipelines",
        children=Children(
            "pipeline_stages",
            "mark_orphaned_pipeline_stages",
            are_entities=True,
            place="place_pipeline_stages",
        ),
        gone="card",
        identified_by=lambda written: written["pipeline"],
    ),
    RawEntity(CUSTOM_FIELDS, (), "definitions"),
    RawEntity(
        "contacts",
        ("ContractorHuman", "ContractorCompany"),
        "changes",
        ((CONTACTS,), (CONTACT_HUMANS, CONTACT_COMPANIES)),
        write="write_contacts",
        children=Children(
            "contact_points",
            "mark_orphaned_contact_points",
            differing="find_differing_contact_points",
            rederive="rederive_contact_points",
            has_phones=True,
        ),
        gone="card",
        named_by_webhooks=True,
    ),
    RawEntity(
        "deals",
        ("Deal",),
        "changes",
        ((DEALS,),),
        write="write_deals",
        children=Children(
            "deal_positions",
            "mark_orphaned_deal_positions",
            differing="find_differing_deal_positions",
            rederive="rederive_deal_positions",
        ),
        past_versions="past_deal_versions",
        gone="card",
        named_by_webhooks=True,
        has_stage_moves=True,
    ),
)
ENTITIES = {entity.name: entity for entity in _REGISTRY}
"""Entities by table, in reading order: referenced entities come first."""
ALL_ENTITIES = tuple(ENTITIES)
TABLE_OF = {content_type: entity for entity in _REGISTRY for content_type in entity.content_types}
"""Entities by content type."""
CHILD_TABLES = {entity.name: entity.children.table for entity in _REGISTRY if entity.children}
"""Child tables by parent table."""
