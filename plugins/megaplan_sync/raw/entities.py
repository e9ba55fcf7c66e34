"""The entities of Megaplan that become raw tables, and how each is asked for."""

from dataclasses import dataclass, replace

from megaplan_hook.paging import Order


@dataclass(frozen=True)
class EntitySpec:
    """One list of Megaplan.

    ``required`` are the names that the table cannot do without; ``optional`` ones are dropped with a warning
    where an account refuses them. ``custom_field_owners`` are the content types whose custom fields are asked
    for as well.
    """

    name: str
    path: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    custom_field_owners: tuple[str, ...] = ()


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
    custom_field_owners=("ContractorHuman", "ContractorCompany"),
)
ONLY_HUMANS_HAVE = frozenset({"firstName", "middleName", "lastName", "company"})
CONTACT_HUMANS = replace(
    CONTACTS, name="contacts_human", path="/contractorHuman", custom_field_owners=("ContractorHuman",)
)
CONTACT_COMPANIES = replace(
    CONTACTS,
    name="contacts_company",
    path="/contractorCompany",
    required=tuple(name for name in CONTACTS.required if name not in ONLY_HUMANS_HAVE),
    optional=("status",),
    custom_field_owners=("ContractorCompany",),
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
    custom_field_owners=("Deal",),
)

CUSTOM_FIELDS = "custom_fields"
"""The dictionary of custom fields: no list route of its own, one request for each content type."""

ALL_ENTITIES = (
    "currencies",
    "departments",
    "advertising_ways",
    "contact_types",
    "employees",
    "pipelines",
    CUSTOM_FIELDS,
    "contacts",
    "deals",
)
"""Every entity in the order of reading: what others refer to comes first, the dictionary before its users."""
