"""Reports over a stretch of time: calls, legs, deals. What to ask of the Data API. Free of I/O.

Classic reports (``get.calls_report``) take at most three months at once, the newer flat ones (``get.deals``) 366
days; the latter answer nothing at all unless ``fields`` names columns (vendor's Data API documentation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from uis_hook.account_time import account_text
from uis_hook.exceptions import UisNotFoundError
from uis_hook.jsonrpc import Request, rows, whole_number
from uis_hook.paging import MAX_OFFSET, ListRequest, Page

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
LEG_FIELDS = (
    "id",
    "call_session_id",
    "call_records",
    "start_time",
    "connect_time",
    "duration",
    "total_duration",
    "finish_reason",
    "virtual_phone_number",
    "calling_phone_number",
    "called_phone_number",
    "direction",
    "is_transfered",
    "is_operator",
    "employee_id",
    "employee_full_name",
    "employee_phone_number",
    "is_failed",
    "is_talked",
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
    """A stretch of time, both ends included."""

    start: datetime
    end: datetime


class ReportWindows:
    """Cuts a stretch of time into windows that UIS accepts, and drops the rows that two of them share.

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


def calls_report(
    window: Mapping[str, str],
    fields: Sequence[str] = CALL_FIELDS,
    filter: Mapping[str, Any] | None = None,
    include_ongoing_calls: bool = False,
) -> ListRequest:
    """List call sessions by their start; only start_time can be sorted by.

    :raises ValueError: without the fields that paging needs, id and start_time.
    """
    _require(fields, "id", "start_time")
    extra = {"include_ongoing_calls": True} if include_ongoing_calls else {}
    params = {**_report_params(window, fields, filter), **extra}
    return ListRequest("get.calls_report", params, "start_time", ("id",))


def call_legs_report(
    window: Mapping[str, str],
    fields: Sequence[str] = LEG_FIELDS,
    filter: Mapping[str, Any] | None = None,
    sort_field: str | None = "start_time",
) -> ListRequest:
    """List legs: who rang where, with the employee's own phone.

    :raises ValueError: without the fields that paging needs, id and start_time.
    """
    _require(fields, "id", "start_time")
    return ListRequest("get.call_legs_report", _report_params(window, fields, filter), sort_field, ("id",))


def reports() -> Request[list[dict[str, Any]]]:
    """Ask which flat reports there are: ``{id, type, name, …}``."""
    return Request("get.reports_list", {}, rows)


def report_id_of(reports: Sequence[Mapping[str, Any]], report_type: str) -> int:
    """Find the first report of a type (``deals``, ``calls``, …).

    :raises UisNotFoundError: when the account has none.
    """
    for report in reports:
        if report.get("type") == report_type:
            return int(report["id"])
    raise UisNotFoundError(
        "get.reports_list",
        "entity_not_found",
        told=f"this account has no report of type {report_type!r}",
        remedy="check that the tariff has its component and the key's user the right to it",
    )


def columns_tree(report_type: str) -> Request[Any]:
    """Ask for the columns of a type of report, custom deal fields among them, as UIS nests them."""
    return Request("getobj.columns_tree", {"report_type": report_type})


def deals_report(
    window: Mapping[str, str],
    report_id: int,
    fields: Sequence[str] = DEAL_FIELDS,
    filter: Mapping[str, Any] | None = None,
    sort_field: str | None = "deal_date_time",
) -> ListRequest:
    """List deals by their creation: "Raw data → Deals" of the cabinet.

    :raises ValueError: without the fields that paging needs, deal_ext_id and deal_date_time. Without any fields
        UIS would answer that there are no deals.
    """
    _require(fields, "deal_ext_id", "deal_date_time")
    params = {"report_id": report_id, **_report_params(window, fields, filter)}
    return ListRequest("get.deals", params, sort_field, ("deal_ext_id",))


def deals_in_processing() -> Request[int]:
    """Ask how many uploaded records UIS has not worked through yet."""
    return Request("get.deals_in_processing", {}, whole_number("count"))


def _report_params(
    window: Mapping[str, str], fields: Sequence[str], filter: Mapping[str, Any] | None
) -> dict[str, Any]:
    params: dict[str, Any] = {**window, "fields": list(fields)}
    if filter:
        params["filter"] = dict(filter)
    return params


def _require(fields: Sequence[str], *needed: str) -> None:
    missing = [name for name in needed if name not in fields]
    if missing:
        raise ValueError(f"fields lack {', '.join(missing)}, which pages are put together by")
