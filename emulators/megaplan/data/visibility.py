"""What the token's user may see."""

from collections.abc import Iterable
from typing import Any

from .records import Record

_NONE: frozenset[int | str] = frozenset()


class Visibility:
    """Rows hidden from the user, and employees whose own rights were cut."""

    def __init__(self) -> None:
        self.deals: set[int | str] = set()
        self.contractors: set[int | str] = set()
        self.without_rights: dict[Record, dict[str, Any]] = {}
        self._hidden = {
            "Deal": self.deals,
            "ContractorHuman": self.contractors,
            "ContractorCompany": self.contractors,
        }

    def sees(self, record: Record) -> bool:
        """Return whether the user sees a record."""
        return record.id not in self._hidden.get(record.content_type, _NONE)

    def hide(self, records: Iterable[Record]) -> None:
        """Hide deals and contractors."""
        for record in records:
            self._hidden[record.content_type].add(record.id)

    def take_rights(self, employee: Record, loss: dict[str, Any]) -> None:
        """Change an employee's card, remembering what it was."""
        before = {name: employee.data[name] for name in loss if name in employee.data}
        self.without_rights.setdefault(employee, before)
        employee.data.update(loss)

    def show_all(self) -> None:
        """Undo everything that was hidden or cut."""
        self.deals.clear()
        self.contractors.clear()
        for employee, before in self.without_rights.items():
            employee.data.update(before)
        self.without_rights.clear()
