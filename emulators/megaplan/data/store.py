"""The whole account in memory, and the only place that writes to it."""

import time
from collections.abc import Callable
from typing import Any

from ...kit.clock import Clock
from ..knobs import Knobs
from .attachments import Attachments
from .custom_fields import CustomField
from .phone_book import PhoneBook
from .popups import Popups
from .records import Deal, Record
from .table import Table
from .visibility import Visibility

CONTRACTOR_TYPES = frozenset({"ContractorHuman", "ContractorCompany"})
_NAMED_TABLES = (
    "Employee",
    "Department",
    "Program",
    "ProgramState",
    "ProgramTransition",
    "ProgramTrigger",
    "Offer",
    "Invoice",
    "Payer",
    "TodoFilter",
    "TodoStatus",
    "TodoCategory",
    "Todo",
    "Comment",
    "CallInfo",
    "CallUserConfig",
    "SystemSetting",
    "IntegrationWidget",
    "BasedOnHistory",
    "Integration",
)
"""Small directories come on top: their seed makes them."""


def _created(record: Record) -> Any:
    return record.created if isinstance(record, Deal) else record.data["created"]


def _updated(record: Record) -> Any:
    return record.updated if isinstance(record, Deal) else record.data["updated"]


class Tables(dict[str, Table]):
    """Tables by content type; one that is named for the first time is empty."""

    def __missing__(self, content_type: str) -> Table:
        table = self[content_type] = Table(content_type)
        return table


class Store:
    """All tables, custom fields, links and what the token's user may not see."""

    def __init__(self, seed: int, clock: Clock, knobs: Knobs) -> None:
        self.seed = seed
        self.clock = clock
        self.knobs = knobs
        self.tables = Tables((name, Table(name)) for name in _NAMED_TABLES)
        indexed: dict[str, Callable[[Record], Any]] = {"timeCreated": _created, "timeUpdated": _updated}
        self.deals = self.tables["Deal"] = Table("Deal", indexed)
        self.contractors = self.tables["Contractor"] = Table("Contractor", indexed)
        self.custom: dict[str, list[CustomField]] = {}
        self.links: dict[tuple[str, int | str], list[Record]] = {}
        self.visibility = Visibility()
        self.attachments = Attachments()
        self.popups = Popups()
        self.phone_book = PhoneBook(self)
        self.calls_by_provider: dict[str, dict[int | str, Record]] = {}
        self.deleted_deals: dict[int | str, Deal] = {}
        self.unknown_keys: list[tuple[int | None, str, str, Any]] = []
        self.employees_by_place: list[Record] = []
        self.user: Record = Record("", 0)
        self.next_position_id = 1
        self.next_copy_id = 1
        self.listeners: list[Callable[[str, Record], None]] = []  # called with the event and the record
        self.is_silent = False  # changes reach no listener
        self.run_scenario: Callable[[Record, Deal], None] = lambda cause, deal: None
        self._before: dict[tuple[str, int | str], tuple[Record | None, float]] = {}

    def table(self, content_type: str) -> Table | None:
        """Return the table that holds a content type."""
        return self.tables.get("Contractor" if content_type in CONTRACTOR_TYPES else content_type)

    def find(self, content_type: str, id: Any) -> Record | None:
        """Return an entity by its concrete type and id."""
        table = self.table(content_type)
        row = table.get(id) if table is not None and isinstance(id, int | str) else None
        return row if row is not None and row.content_type == content_type else None

    def deal(self, id: int | str) -> Deal | None:
        """Return a deal, visible or not."""
        row = self.deals.get(id)
        return row if isinstance(row, Deal) else None

    def custom_scope(self, record: Record) -> str:
        """Return the key of ``custom`` under which a record's custom fields are kept."""
        if isinstance(record, Deal):
            return f"Deal/{record.program.id}"
        return "Contractor" if record.content_type in CONTRACTOR_TYPES else record.content_type

    def custom_fields_of(self, record: Record) -> list[CustomField]:
        """Return the definitions that apply to a record."""
        return self.custom.get(self.custom_scope(record), [])

    def custom_fields_for(self, content_type: str) -> list[CustomField]:
        """Return the definitions of a whole content type, all programs for deals."""
        if content_type == "Deal":
            return [
                field for scope, group in self.custom.items() if scope.startswith("Deal/") for field in group
            ]
        return self.custom.get("Contractor" if content_type in CONTRACTOR_TYPES else content_type, [])

    def write(self, record: Record, change: Callable[[], None], is_event: bool = True) -> None:
        """Change a record; readers see the old version for ``read_lag_ms``.

        :param is_event: False for changes that no event stream reports, such as links
        """
        self._remember(record, record.snapshot())
        was_dropped = bool(record.data.get("isDropped"))
        table = self.table(record.content_type)
        if table is None:
            change()
        else:
            table.change(record, change)
        if is_event:
            is_dropped = bool(record.data.get("isDropped"))
            self._announce("on_after_drop" if is_dropped and not was_dropped else "on_after_update", record)

    def add(self, record: Record) -> None:
        """Add a record."""
        self._remember(record, None)
        table = self.table(record.content_type)
        if table is not None:
            table.add(record)
        self._announce("on_after_create", record)

    def remove(self, record: Record) -> None:
        """Delete a record for good; only the mutation ``restore_deals`` still finds deleted deals."""
        table = self.table(record.content_type)
        if table is not None and record.id in table.rows:
            table.remove(record)
        if isinstance(record, Deal):
            self.deleted_deals[record.id] = record
        self._announce("on_after_drop", record)

    def as_read(self, record: Record) -> Record | None:
        """Return the version a GET shows now; None while a new record is not visible yet."""
        if not self._before:
            return record
        entry = self._before.get((record.content_type, record.id))
        if entry is None:
            return record
        if entry[1] <= time.monotonic():
            del self._before[record.content_type, record.id]
            return record
        return entry[0]

    def is_visible(self, record: Record) -> bool:
        """Return whether the token's user sees this record at all."""
        return self.visibility.sees(record)

    def link_both(self, one: Record, other: Record) -> None:
        """Link two records; links are mutual."""
        for here, there in ((one, other), (other, one)):
            linked = self.links.setdefault((here.content_type, here.id), [])
            if there not in linked:
                linked.append(there)

    def unlink_both(self, one: Record, other: Record) -> None:
        """Remove a link on both sides."""
        for here, there in ((one, other), (other, one)):
            linked = self.links.get((here.content_type, here.id), [])
            if there in linked:
                linked.remove(there)

    def _announce(self, event: str, record: Record) -> None:
        if not self.is_silent:
            for listener in self.listeners:
                listener(event, record)

    def _remember(self, record: Record, old: Record | None) -> None:
        lag = self.knobs.read_lag_ms
        key = (record.content_type, record.id)
        self.as_read(record)  # drops a version that has expired
        if lag > 0 and key not in self._before:
            self._before[key] = (old, time.monotonic() + lag / 1000)
