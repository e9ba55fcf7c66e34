"""The names of the tables in the control routes."""

from .store import Store
from .table import Table

ENTITIES = {
    "deals": "Deal",
    "contractors": "Contractor",
    "employees": "Employee",
    "departments": "Department",
    "programs": "Program",
    "states": "ProgramState",
    "offers": "Offer",
    "invoices": "Invoice",
    "payers": "Payer",
    "advertising_ways": "ContractorAdvertisingWay",
    "contractor_types": "ContractorType",
    "currencies": "Currency",
    "tags": "Tag",
    "todos": "Todo",
    "comments": "Comment",
    "calls": "CallInfo",
    "call_user_configs": "CallUserConfig",
    "applications": "Integration",
    "widgets": "IntegrationWidget",
}


def table_named(store: Store, entity: str) -> Table:
    """Return a table by such a name, or by its content type.

    :raises ValueError: there is none.
    """
    table = store.tables.get(ENTITIES.get(entity, entity))
    if table is None:
        raise ValueError(f"unknown entity {entity!r}, known: {', '.join(ENTITIES)}")
    return table
