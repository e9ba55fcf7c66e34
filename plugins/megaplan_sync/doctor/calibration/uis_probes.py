"""Reads UIS in ways that show how the cabinet behaves. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.calibration.facts import Facts, answered, is_accepted
from uis_hook import deals, reports, staff
from uis_hook.client import UisClient
from uis_hook.jsonrpc import Request, rows
from uis_hook.limits import LimitPeriod
from uis_hook.paging import ListRequest
from uis_hook.settings import UisSettings

_DIRECTORY_SORT_FIELDS = ("id", "name", "full_name", "virtual_phone_number")
_DEAL_SORT_FIELDS = ("deal_date_time", "deal_ext_id", "deal_id")
_PERIODS: tuple[LimitPeriod, ...] = ("day", "hour", "minute")
_WINDOWS_DAYS = (14, 7, 3, 1)


class UisProbes:
    """Probes of one cabinet; about fifteen requests."""

    def __init__(self, account: AccountUnderCheck, uis: UisClient, facts: Facts[UisSettings]) -> None:
        self._account = account
        self._uis = uis
        self._facts = facts
        self._settings = facts.settings

    def run(self) -> None:
        """Run the probes of what the account uses; one that UIS refuses says nothing."""
        answered(self._cabinet)
        if self._account.settings.telephony_active:
            answered(self._directories)
            answered(self._report_window)
        if self._account.sends_deals_to_uis:
            answered(self._deals)
            answered(self._contacts)

    def _cabinet(self) -> None:
        card = self._uis.ask(staff.account())
        self._facts.setting("account_timezone", card.get("timezone") or None)
        limits = self._uis.limits
        if limits is not None:
            named = [period for period in _PERIODS if limits.window(period) is not None]
            self._facts.behaviour("limits", "day, minute", ", ".join(named) or "none")

    def _directories(self) -> None:
        settings = self._settings
        lists = (staff.employees(settings), staff.statuses(settings), staff.virtual_numbers(settings))
        self._facts.quirk(
            "directories_sort_field",
            self._sort_field(settings.vendor_quirks.directories_sort_field, _DIRECTORY_SORT_FIELDS, lists),
        )

    def _sort_field(
        self, configured: str, candidates: Sequence[str], lists: Sequence[ListRequest], **params: Any
    ) -> str | None:
        """Return the first field that all lists can be sorted by."""
        for field in (configured, *(each for each in candidates if each != configured)):
            if all(is_accepted(partial(self._one_row, each, field, params)) for each in lists):
                return field
        return None

    def _one_row(self, listing: ListRequest, field: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        sort = [{"field": field, "order": "asc"}]
        asked = {**listing.params, **params, "limit": 1, "sort": sort}
        return self._uis.ask(Request(listing.method, asked, rows))

    def _report_window(self) -> None:
        """Find how many days one report may cover; shorter ones are tried only if the configured one is refused."""
        configured = self._settings.vendor_quirks.report_window_days
        seen = next(
            (
                days
                for days in (configured, *(each for each in _WINDOWS_DAYS if each < configured))
                if is_accepted(partial(self._report, days))
            ),
            None,
        )
        self._facts.quirk("report_window_days", seen)

    def _report(self, days: int) -> list[dict[str, Any]]:
        zone = self._settings.zone
        until = datetime.now(UTC).astimezone(zone).replace(microsecond=0, tzinfo=None)
        asked = {
            "date_from": str(until - timedelta(days=days)),
            "date_till": str(until),
            "fields": ["id", "start_time"],
            "limit": 1,
        }
        return self._uis.ask(Request("get.calls_report", asked, rows))

    def _deals(self) -> None:
        report_id = self._uis.ask(reports.report_id_of("deals"))
        until = datetime.now(UTC).astimezone(self._settings.zone).replace(microsecond=0, tzinfo=None)
        listing = ListRequest(
            "get.deals", {"report_id": report_id, "fields": ["deal_ext_id", "deal_date_time"]}, "deal_ext_id"
        )
        window = {"date_from": str(until - timedelta(days=30)), "date_till": str(until)}
        configured = self._settings.vendor_quirks.deals_sort_field
        self._facts.quirk(
            "deals_sort_field", self._sort_field(configured, _DEAL_SORT_FIELDS, [listing], **window)
        )

    def _contacts(self) -> None:
        listing = deals.deal_contacts()
        asked = {**listing.params, "limit": 100}
        contacts = self._uis.ask(Request(listing.method, asked, rows))
        phones = [str(phone) for row in contacts for phone in row.get("phone_numbers") or ()]
        seen = None if not phones else "plus" if all(phone.startswith("+") for phone in phones) else "digits"
        self._facts.quirk("contact_phone_form", seen)
        chosen = {"field": "ext_id", "operator": "like", "value": "no-such-contact%"}
        narrowed = Request(listing.method, {"limit": 1, "filter": chosen}, rows)
        is_known = is_accepted(partial(self._uis.ask, narrowed))
        self._facts.behaviour("filter_like", "accepted", "accepted" if is_known else "refused")
