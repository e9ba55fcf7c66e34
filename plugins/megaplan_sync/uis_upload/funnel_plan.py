"""Maps a pipeline of Megaplan to a funnel of UIS. Free of I/O.

A funnel has exactly one success stage and one failure stage, and 1 to 100 others in process. Several final stages of
a pipeline are merged into one, which has all their names; a user field has the deal's own stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from megaplan_sync.uis_upload.external_ids import pipeline_ext_id, stage_ext_id
from uis_hook.deals import MAX_STAGE_ORDER, MAX_STAGES_IN_PROCESS

FinalKind = Literal["success", "failed"]
ORDER_STEP = 10
LONGEST_NAME = 100
_KIND_OF_TYPE: dict[str, FinalKind] = {"positive": "success", "negative": "failed"}
_NAME_OF_KIND = {"success": "Успешно реализовано", "failed": "Сделка провалена"}
_NAME_OF_THE_ONLY_STAGE = "В работе"


@dataclass(frozen=True)
class PlannedStage:
    """A stage, without its order."""

    ext_id: str
    name: str


@dataclass(frozen=True)
class FunnelPlan:
    """A funnel as it should be.

    :param in_process: in their order
    :param stage_of: ext_id of the funnel's stage by Megaplan's id
    :param finals: Megaplan's ids of final stages
    """

    ext_id: str
    name: str
    success: PlannedStage
    failed: PlannedStage
    in_process: tuple[PlannedStage, ...]
    stage_of: Mapping[int, str]
    finals: frozenset[int]

    @property
    def content(self) -> dict[str, Any]:
        """What is compared with UIS."""
        return {
            "name": self.name,
            "success": [self.success.ext_id, self.success.name],
            "failed": [self.failed.ext_id, self.failed.name],
            "in_process": [[stage.ext_id, stage.name] for stage in self.in_process],
        }


def plan_funnel(prefix: str, pipeline_id: int, name: str, stages: Sequence[Mapping[str, Any]]) -> FunnelPlan:
    """Plan the funnel of a pipeline.

    :param stages: ``{id, name, type}`` in their order; any type but positive and negative means in process
    :raises ValueError: there are more than 100 stages in process
    """
    ext_id = pipeline_ext_id(prefix, pipeline_id)
    stage_of: dict[int, str] = {}
    in_process: list[PlannedStage] = []
    merged: dict[FinalKind, list[str]] = {"success": [], "failed": []}
    finals: set[int] = set()
    for stage in stages:
        kind = _KIND_OF_TYPE.get(str(stage["type"]))
        if kind is None:
            planned = PlannedStage(stage_ext_id(prefix, stage["id"]), str(stage["name"]))
            in_process.append(planned)
            stage_of[stage["id"]] = planned.ext_id
        else:
            merged[kind].append(str(stage["name"]))
            finals.add(stage["id"])
            stage_of[stage["id"]] = f"{ext_id}-{kind}"
    if len(in_process) > MAX_STAGES_IN_PROCESS:
        raise ValueError(
            f"it has {len(in_process)} stages in process; a funnel of UIS has at most {MAX_STAGES_IN_PROCESS}"
        )
    if not in_process:
        in_process.append(PlannedStage(f"{ext_id}-in-process", _NAME_OF_THE_ONLY_STAGE))
    return FunnelPlan(
        ext_id=ext_id,
        name=name,
        success=PlannedStage(f"{ext_id}-success", _merged_name("success", merged["success"])),
        failed=PlannedStage(f"{ext_id}-failed", _merged_name("failed", merged["failed"])),
        in_process=tuple(in_process),
        stage_of=stage_of,
        finals=frozenset(finals),
    )


def _merged_name(kind: FinalKind, names: Sequence[str]) -> str:
    joined = " / ".join(dict.fromkeys(names))
    return joined if 0 < len(joined) <= LONGEST_NAME else names[0] if len(names) == 1 else _NAME_OF_KIND[kind]


def stage_orders(present: Sequence[int | None]) -> list[int]:
    """Return the order of each stage in process, moving as few as possible: each move takes a request.

    :param present: the current order of each stage in UIS, in the wanted order; None for a new stage
    """
    orders: list[int] = []
    last = 0
    for place, order in enumerate(present):
        if order is None or order <= last:
            later = next(
                (known for known in present[place + 1 :] if known is not None and known > last), None
            )
            room = last + 2 * ORDER_STEP if later is None else later
            order = last + max(1, (room - last) // 2)
        orders.append(order)
        last = order
    if last > MAX_STAGE_ORDER:
        return [ORDER_STEP * (place + 1) for place in range(len(present))]
    return orders
