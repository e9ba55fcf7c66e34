"""What only an upload to UIS shows: tried on a deal that is made for it, and removed again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from megaplan_sync.doctor.calibration.facts import Facts
from megaplan_sync.uis_upload.external_ids import ext_id_prefix
from uis_hook import deals, reports
from uis_hook.clearing import Clearing
from uis_hook.client import UisClient
from uis_hook.deals import DealRecord
from uis_hook.exceptions import UisNotFoundError, UisValidationError
from uis_hook.settings import UisSettings
from uis_hook.vendor_quirks import DealClearing

_NAME = "Проверка интеграции: удаляется сама"
_FORMS: tuple[DealClearing, ...] = ("null", "empty", "omit")
_WAITS_SECONDS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
"""Between looks at the report, until it shows an uploaded record."""
_MOST_LOOKS = 2
_COLUMNS = ("deal_ext_id", "deal_date_time", "deal_revenue", "deal_comments")


def probe_uploads(
    uis: UisClient, account: str, facts: Facts[UisSettings], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Upload a deal into a funnel of the cabinet, remove its sum and comment in each way, and delete it.

    Shows how a value is removed that a deal no longer has. Says nothing if the cabinet has no funnel yet. At most
    sixty requests, most of them if the cabinet takes minutes to process a record.
    """
    probe = _Probe(uis, f"{ext_id_prefix(account)}-probe", sleep)
    first = probe.first_record()
    if first is None:
        facts.quirk("deal_clearing", None)
        return
    probe.delete()  # a probe that was killed may have left it
    try:
        form = probe.clearing_form(first)
    finally:
        is_gone = probe.delete()
    configured = facts.settings.vendor_quirks.deal_clearing
    with_null = configured if configured in ("null", "null_then_empty") else "null_then_empty"
    facts.quirk("deal_clearing", with_null if form == "null" else form)
    facts.behaviour(
        "deleted_deal", "gone", "gone" if is_gone else f"still there: delete {probe.ext_id} by hand"
    )


class _Probe:
    def __init__(self, uis: UisClient, ext_id: str, sleep: Callable[[float], None]) -> None:
        self._uis = uis
        self.ext_id = ext_id
        self._sleep = sleep
        self._created_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)

    def first_record(self) -> DealRecord | None:
        """Return the deal with a sum and a comment, in the first stage in process of any funnel."""
        for funnel in self._uis.rows(deals.sales_funnels()):
            for stage in funnel.get("stages") or ():
                if stage.get("stage_status") == "in_process":
                    return DealRecord(
                        self.ext_id,
                        _NAME,
                        self._created_at,
                        self._created_at,
                        str(funnel["ext_id"]),
                        str(stage["stage_ext_id"]),
                        revenue=Decimal(1),
                        comments=_NAME,
                    )
        return None

    def clearing_form(self, first: DealRecord) -> DealClearing | None:
        """Return the first form that UIS accepts and that removes the values; None if none does."""
        self._upload(first, "omit")
        if self._shown(lambda row: bool(row.get("deal_comments"))) is None:
            return None
        cleared = replace(first, revenue=None, comments=None, cleared=frozenset(("revenue", "comments")))
        for form in _FORMS:
            try:
                self._upload(cleared, form)
            except UisValidationError:
                continue
            if self._shown(_is_empty) is not None:
                return form
        return None

    def delete(self) -> bool:
        """Delete the deal; return whether it is gone."""
        try:
            self._uis.ask(deals.delete_deal(self.ext_id))
        except UisNotFoundError:
            return True
        except UisValidationError:
            return False
        return True

    def _upload(self, record: DealRecord, form: DealClearing) -> None:
        self._uis.ask(deals.upload_deals_history(self._uis.settings, [record], clearing=Clearing(form)))

    def _shown(self, is_wanted: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any] | None:
        """Return the deal's row in the report once it is as wanted.

        None if it is not so twice although UIS has processed everything, or if it never appears.
        """
        looks = 0
        for wait in _WAITS_SECONDS:
            self._sleep(wait)
            if self._uis.ask(reports.deals_in_processing()):
                continue
            row = self._row()
            if row is not None and is_wanted(row):
                return row
            looks += row is not None
            if looks == _MOST_LOOKS:
                break
        return None

    def _row(self) -> Mapping[str, Any] | None:
        report_id = self._uis.ask(reports.report_id_of("deals"))
        start = self._created_at - timedelta(hours=1)
        listing = reports.deals_report(
            self._uis.settings, start, start + timedelta(hours=2), report_id, fields=_COLUMNS
        )
        return next((row for row in self._uis.rows(listing) if row.get("deal_ext_id") == self.ext_id), None)


def _is_empty(row: Mapping[str, Any]) -> bool:
    return not row.get("deal_comments") and not row.get("deal_revenue")
