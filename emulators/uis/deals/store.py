"""Funnels, people, fields and the history of deals. Every id from outside is a string, ``ext_id``."""

from dataclasses import dataclass, field
from typing import Any

from ...kit.clock import Clock
from ..knobs import Knobs
from ..wall_time import WallTime

SUCCESS_ORDER = 10_010
FAILED_ORDER = 10_020


@dataclass
class Stage:
    """A stage of a funnel. ``status``: in_process, success or failed."""

    ext_id: str
    name: str
    status: str
    order: int


@dataclass
class Funnel:
    """A funnel with exactly one success and one failed stage."""

    ext_id: str
    name: str
    stages: list[Stage]

    def stage(self, ext_id: str) -> Stage | None:
        """Return a stage."""
        return next((stage for stage in self.stages if stage.ext_id == ext_id), None)

    def in_process(self) -> list[Stage]:
        """Return the working stages in order."""
        return sorted((s for s in self.stages if s.status == "in_process"), key=lambda stage: stage.order)


@dataclass
class DealRecord:
    """One record of a deal's history; ``visible``: when its processing ends.

    ``data`` is what was uploaded, ``state`` the deal after it.
    """

    data: dict[str, Any]
    state: dict[str, Any]
    created: float
    stage_moved: float
    visible: float
    is_generated: bool = False


@dataclass
class DealStore:
    """All of it."""

    knobs: Knobs
    clock: Clock
    wall: WallTime
    funnels: dict[str, Funnel] = field(default_factory=dict)
    employees: dict[str, str] = field(default_factory=dict)  # ext_id → name
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    user_fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    companies: dict[str, dict[str, Any]] = field(default_factory=dict)
    crm_accounts: dict[int, dict[str, Any]] = field(default_factory=dict)
    deals: dict[str, list[DealRecord]] = field(default_factory=dict)  # including those still being processed

    def visible(self) -> list[DealRecord]:
        """Return the processed records in order of upload within a deal."""
        now = self.clock.now()
        return [record for records in self.deals.values() for record in records if record.visible <= now]

    def newest_visible(self) -> list[DealRecord]:
        """Return the present state of every processed deal."""
        now = self.clock.now()
        newest = [[r for r in records if r.visible <= now][-1:] for records in self.deals.values()]
        return [records[0] for records in newest if records]

    def in_processing(self) -> int:
        """Return the number of uploaded records not yet processed."""
        now = self.clock.now()
        return sum(
            1
            for records in self.deals.values()
            for record in records
            if record.visible > now and not record.is_generated
        )

    def holds_deals(self, funnel: str, stage: str | None = None) -> bool:
        """Return whether any record is in a funnel, or in one stage of it."""
        return any(
            record.data["sales_funnel_ext_id"] == funnel
            and (stage is None or record.data["stage_ext_id"] == stage)
            for records in self.deals.values()
            for record in records
        )
