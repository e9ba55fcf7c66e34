"""Reports over a date range: calls, legs, deals. What to ask of the Data API. Free of I/O.

Classic reports (``get.calls_report``) take at most three months at once, the newer flat ones (``get.deals``) 366
days; the latter answer nothing at all unless ``fields`` names columns (vendor's Data API documentation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from megaplan_vendor_kit.responses import whole_number
from uis_hook.account_time import account_text
from uis_hook.exceptions import UisNotFoundError, UisValidationError
from uis_hook.jsonrpc import Answer, Request, number_called, rows
from uis_hook.paging import MAX_OFFSET, ListRequest, OffsetPages, Page
from uis_hook.settings import UisSettings

FLAT_REPORT_DAYS = 366

CALL_FIELDS = (
    "id",
    "start_time",
    "finish_time",
    "finish_reason",
    "direction",
    "source",
    "is_lost",
    "communication_id",
    "contact_phone_number",
    "virtual_phone_number",
    "wait_duration",
    "total_wait_duration",
    "talk_duration",
    "clean_talk_duration",
    "total_duration",
    "call_records",
    "voice_mail_records",
    "full_record_file_link",
    "is_transfer",
    "employees",
    "first_answered_employee_id",
    "last_answered_employee_id",
    "first_talked_employee_id",
    "last_talked_employee_id",
    "operator_phone_number",
    "scenario_name",
    "call_api_external_id",
    "tags",
)
DEAL_FIELDS = (
    "deal_date_time",
    "deal_current_funnel",
    "deal_current_stage",
    "stage_before_failure",
    "deal_finish_date",
    "deal_current_stage_date",
    "deal_contact",
    "deal_contact_ext_id",
    "deal_contact_phone_numbers",
    "deal_contact_emails",
    "deal_revenue",
    "deal_cycle",
    "deal_name",
    "deal_comments",
    "deal_ext_id",
    "deal_employee",
    "deal_source",
    "communication_id",
    "communication_type",
)


class Window(NamedTuple):
    """A part of a date range, both ends included."""

    start: datetime
    end: datetime


class ReportWindows:
    """Cuts a date range into windows that UIS accepts, and drops the rows that two of them share.

    Windows touch: nobody says whether ``date_till`` itself belongs to the answer, so each begins with the
    second at which the last one ended.

    :param start: aware.
    :param end: aware.
    :param days: longest window.
    :param time_field: the column by which the report is cut.
    :raises ValueError: for moments without a zone, or an end before the start.
    """

    def __init__(self, start: datetime, end: datetime, days: int, zone: ZoneInfo, time_field: str) -> None:
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("a report needs moments with a time zone")
        if end < start:
            raise ValueError("a report cannot end before it starts")
        # UIS counts in whole seconds; nothing of the last one may be missing
        end += timedelta(microseconds=-end.microsecond % 1_000_000)
        self._zone = zone
        self._time_field = time_field
        self._waiting: list[Window] = []
        self._shared: set[str] = set()
        while end - start > (longest := timedelta(days=days)):
            self._waiting.append(Window(start, start + longest))
            start += longest
        self._waiting.append(Window(start, end))
        self._waiting.reverse()
        self._current: Window | None = None

    def next(self) -> Window | None:
        """Return the next window; None at the end."""
        self._current = self._waiting.pop() if self._waiting else None
        return self._current

    def params(self, window: Window) -> dict[str, str]:
        """Return ``date_from`` and ``date_till``."""
        return {
            "date_from": account_text(window.start, self._zone),
            "date_till": account_text(window.end, self._zone),
        }

    def split_if_too_long(self, page: Page) -> bool:
        """Halve the present window when it has more rows than UIS lets one count to.

        :param page: its first page, which must then be thrown away.
        """
        window = self._current
        if window is None or (page.total_items or 0) <= MAX_OFFSET:
            return False
        half = (window.end - window.start) / 2
        if half < timedelta(seconds=1):
            return False
        middle = (window.start + half).replace(microsecond=0)
        self._waiting += [Window(middle, window.end), Window(window.start, middle)]
        return True

    def accept(self, page: Page, listing: ListRequest) -> Page:
        """Drop the rows that the last window had too; ``is_last`` becomes that of the whole report."""
        if self._current is None:
            return page
        border = account_text(self._current.end, self._zone)
        new = []
        for row in page.rows:
            key = repr(listing.key(row))
            if key not in self._shared:
                new.append(row)
            if str(row.get(self._time_field)) >= border:
                self._shared.add(key)
        return Page(new, page.total_items, page.is_last and not self._waiting)


@dataclass(frozen=True)
class Report:
    """A list over a date range, which is asked for in windows that UIS accepts.

    :param listing: the list, without date_from and date_till.
    :param start: aware, as is ``end``; both are included.
    :param days: longest window.
    :param zone: the account's.
    :param time_field: the column by which the report is cut.
    """

    listing: ListRequest
    start: datetime
    end: datetime
    days: int
    zone: ZoneInfo
    time_field: str

    def pages(self, page_size: int) -> ReportPages:
        """Begin to read it.

        :raises ValueError: for moments without a zone, or an end before the start.
        """
        return ReportPages(self, page_size)


class ReportPages:
    """The pages of a report, window after window."""

    def __init__(self, report: Report, page_size: int) -> None:
        self._listing = report.listing
        self._page_size = page_size
        self._windows = ReportWindows(report.start, report.end, report.days, report.zone, report.time_field)
        self._pages: OffsetPages | None = None
        self._is_first_page = True

    def next_request(self) -> Request[Answer] | None:
        """Return what to ask for, or None at the end."""
        while True:
            if self._pages is not None and (request := self._pages.next_request()) is not None:
                return request
            window = self._windows.next()
            if window is None:
                return None
            params = {**self._windows.params(window), **self._listing.params}
            self._pages = replace(self._listing, params=params).pages(self._page_size)
            self._is_first_page = True

    def refuse(self, refusal: UisValidationError) -> str:
        """Ask otherwise, as for any list."""
        if self._pages is None:
            raise refusal
        return self._pages.refuse(refusal)

    def accept(self, answer: Answer) -> Page:
        """Take the answer to the last request; ``is_last`` is that of the whole report."""
        if self._pages is None:
            raise ValueError("nothing was asked yet")
        page = self._pages.accept(answer)
        if self._is_first_page and self._windows.split_if_too_long(page):
            self._pages = None
            return Page([], page.total_items, False)
        self._is_first_page = False
        return self._windows.accept(page, self._listing)


def calls_report(
    settings: UisSettings,
    start: datetime,
    end: datetime,
    *,
    fields: Sequence[str] = CALL_FIELDS,
) -> Report:
    """List call sessions that began between two moments, by their start; only start_time can be sorted by.

    Moments inside rows are texts in the account's zone; :func:`uis_hook.account_time.moment_of` reads them.

    :raises ValueError: without the fields that paging needs, id and start_time.
    """
    params = {"fields": _with(fields, "id", "start_time")}
    listing = ListRequest("get.calls_report", params, "start_time", ("id",))
    days = settings.vendor_quirks.report_window_days
    return Report(listing, start, end, days, settings.zone, "start_time")


def report_id_of(report_type: str) -> Request[int]:
    """Ask for the id of the account's first report of a type (``deals``, ``calls``, …).

    :raises UisNotFoundError: when it is asked, and the account has none.
    """

    def parse(answer: Answer) -> int:
        for report in rows(answer):
            if report.get("type") == report_type and (found := whole_number(report.get("id"))) is not None:
                return found
        raise UisNotFoundError(
            answer.method,
            "entity_not_found",
            message=f"this account has no report of type {report_type!r}",
            remedy="check that the tariff has its component and the key's user the right to it",
        )

    return Request("get.reports_list", {}, parse)


def columns_tree(report_type: str) -> Request[Any]:
    """Ask for the columns of a type of report, custom deal fields among them, as UIS nests them."""
    return Request("getobj.columns_tree", {"report_type": report_type})


def deals_report(
    settings: UisSettings,
    start: datetime,
    end: datetime,
    report_id: int,
    *,
    fields: Sequence[str] = DEAL_FIELDS,
    page_size: int | None = None,
) -> Report:
    """List the deals created between two moments: "Raw data → Deals" of the cabinet.

    :param report_id: of the account's report of type deals; see ``report_id_of``.
    :raises ValueError: without the fields that paging needs, deal_ext_id and deal_date_time. Without any fields
        UIS would answer that there are no deals.
    """
    params = {"report_id": report_id, "fields": _with(fields, "deal_ext_id", "deal_date_time")}
    sort_field = settings.vendor_quirks.deals_sort_field
    listing = ListRequest("get.deals", params, sort_field, ("deal_ext_id",), page_size=page_size)
    return Report(listing, start, end, FLAT_REPORT_DAYS, settings.zone, "deal_date_time")


def deals_in_processing() -> Request[int]:
    """Ask how many uploaded records UIS has not worked through yet."""
    return Request("get.deals_in_processing", {}, number_called("count"))


def _with(fields: Sequence[str], *needed: str) -> list[str]:
    missing = [name for name in needed if name not in fields]
    if missing:
        raise ValueError(f"fields lack {', '.join(missing)}, which pages are put together by")
    return list(fields)
