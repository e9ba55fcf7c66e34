"""Updates funnels and their stages in UIS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from megaplan_sync.uis_upload.content_hash import hash_of
from megaplan_sync.uis_upload.directory_ledger import DirectoryLedger, KnownRow, SentRow, create_once
from megaplan_sync.uis_upload.external_ids import pipeline_ext_id
from megaplan_sync.uis_upload.funnel_plan import FunnelPlan, PlannedStage, plan_funnel, stage_orders
from megaplan_sync.uis_upload.remedies import Remedy, remedy_of
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook import deals
from uis_hook.deals import FinalStage, Stage
from uis_hook.exceptions import UisValidationError


class Funnels:
    """The funnels of one account.

    UIS's list is read only if there is something to do; it takes precedence over the ledger.
    """

    def __init__(self, session: UploadSession) -> None:
        self._session = session
        self._uis = session.uis
        self._ledger = DirectoryLedger(session, "funnel")
        self._kept_stages = DirectoryLedger(session, "stage")
        self.refused: dict[int, Remedy] = {}
        """Who can mend the pipelines that UIS refuses."""

    def sync(self) -> dict[int, FunnelPlan]:
        """Create and update funnels; return those that UIS has, by pipeline."""
        known = self._ledger.load()
        plans: dict[int, FunnelPlan] = {}
        present: dict[str, Mapping[str, Any]] | None = None
        for pipeline_id, name, stages in self._session.execute("select_upload_pipelines"):
            ext_id = pipeline_ext_id(self._session.prefix, pipeline_id)
            row = known.get(ext_id, KnownRow(None, None, None))
            try:
                plan = plan_funnel(self._session.prefix, pipeline_id, name, stages)
            except ValueError as problem:
                if (content_hash := hash_of([name, stages])) != row.failed_hash:
                    self._ledger.fail(ext_id, content_hash, str(problem), "mend in Megaplan")
                self.refused[pipeline_id] = "mend in Megaplan"
                continue
            content_hash = hash_of(plan.content)
            if row.content_hash == content_hash:
                plans[pipeline_id] = plan
                continue
            if row.failed_hash == content_hash:
                self.refused[pipeline_id] = row.remedy or "ours"
                continue
            if present is None:
                present = {
                    str(funnel.get("ext_id")): funnel for funnel in self._uis.rows(deals.sales_funnels())
                }
            try:
                self._update(plan, present.get(ext_id))
            except UisValidationError as refusal:
                self.refused[pipeline_id] = remedy_of(refusal)
                self._ledger.fail(ext_id, content_hash, refusal, remedy_of(refusal))
            else:
                self._ledger.save([SentRow(ext_id, content_hash, plan.content)])
                plans[pipeline_id] = plan
        return plans

    def _update(self, plan: FunnelPlan, present: Mapping[str, Any] | None) -> None:
        if present is None:
            in_process = [
                Stage(stage.ext_id, stage.name, order)
                for stage, order in zip(
                    plan.in_process, stage_orders([None] * len(plan.in_process)), strict=True
                )
            ]
            create_once(
                self._session,
                deals.create_sales_funnel(
                    plan.ext_id,
                    plan.name,
                    success=FinalStage(plan.success.ext_id, plan.success.name),
                    failed=FinalStage(plan.failed.ext_id, plan.failed.name),
                    in_process=in_process,
                ),
            )
            self._session.count("funnels_created")
            return
        if present.get("name") != plan.name:
            self._uis.ask(deals.rename_sales_funnel(plan.ext_id, plan.name))
            self._session.count("funnels_renamed")
        self._stages(plan, {str(stage.get("stage_ext_id")): stage for stage in present.get("stages") or ()})

    def _stages(self, plan: FunnelPlan, present: Mapping[str, Mapping[str, Any]]) -> None:
        for final in (plan.success, plan.failed):
            if final.ext_id in present and present[final.ext_id].get("stage_name") != final.name:
                self._uis.ask(deals.update_stage(plan.ext_id, final.ext_id, name=final.name))
                self._session.count("stages_changed")
        orders = stage_orders([_order(present.get(stage.ext_id)) for stage in plan.in_process])
        for stage, order in zip(plan.in_process, orders, strict=True):
            self._stage(plan, stage, order, present.get(stage.ext_id))
        wanted = {plan.success.ext_id, plan.failed.ext_id, *(stage.ext_id for stage in plan.in_process)}
        for ext_id in present.keys() - wanted - self._kept_stages.load().keys():
            try:
                self._uis.ask(deals.delete_stage(plan.ext_id, ext_id))
                self._session.count("stages_deleted")
            except UisValidationError as refusal:  # deals are in it: their history needs it
                kept = SentRow(ext_id, "kept", {"funnel": plan.ext_id}, str(refusal))
                self._kept_stages.save([kept])
                self._session.count("stages_kept")

    def _stage(
        self, plan: FunnelPlan, stage: PlannedStage, order: int, present: Mapping[str, Any] | None
    ) -> None:
        if present is None:
            create_once(
                self._session,
                deals.create_stage(plan.ext_id, Stage(stage.ext_id, stage.name, order)),
            )
            self._session.count("stages_created")
            return
        name = None if present.get("stage_name") == stage.name else stage.name
        moved = None if _order(present) == order else order
        if name is not None or moved is not None:
            self._uis.ask(deals.update_stage(plan.ext_id, stage.ext_id, name=name, order=moved))
            self._session.count("stages_changed")


def _order(stage: Mapping[str, Any] | None) -> int | None:
    order = None if stage is None else stage.get("stage_order")
    return int(order) if isinstance(order, int | float | str) and str(order).strip() else None
