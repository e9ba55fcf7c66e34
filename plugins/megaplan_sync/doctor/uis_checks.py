"""Checks of the UIS cabinet: key, components, points and numbers, as far as the account uses them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.causes import cause_of
from megaplan_sync.doctor.finding import AIRFLOW, UIS, Finding, error, ok, warning
from uis_hook import call_control, deals, reports, staff
from uis_hook.client import UisClient
from uis_hook.exceptions import UisAPIError

_FEW_POINTS = 0.1


def check_uis_account(account: AccountUnderCheck, uis: UisClient) -> Iterator[Finding]:
    """Check the key, the time zone and the points; note the clock."""
    card = uis.ask(staff.account())
    account.note_clock("UIS", uis.server_time, datetime.now(UTC))
    yield ok("UIS key", f"account {card.get('app_id')}")
    zone, ours = card.get("timezone"), uis.settings.account_timezone
    if zone and zone != ours:
        yield error(
            "UIS time zone",
            f"the cabinet uses {zone}, the connection {ours}: all times would be wrong",
            AIRFLOW,
            f"set account_timezone of connection {uis.settings.connection_id} to {zone}",
        )
    day = uis.limits.day if uis.limits else None
    if day is not None and day.remaining is not None and day.limit:
        message = f"{day.remaining} of {day.limit} points are left today"
        if day.remaining < day.limit * _FEW_POINTS:
            yield warning("UIS points", message, UIS, "UIS: order a larger API tariff, or poll less often")
        else:
            yield ok("UIS points", message)


def check_uis_methods(account: AccountUnderCheck, uis: UisClient) -> Iterator[Finding]:
    """Call every reading method that is needed, for little data; methods that write are not tried.

    Methods that are refused for one reason are one finding.
    """
    refused: dict[tuple[str, str], tuple[Finding, list[str]]] = {}
    answering: list[str] = []
    for method, read in _reads(account, uis):
        try:
            read()
        except UisAPIError as refusal:
            cause = cause_of(refusal, "UIS")
            if cause.is_common:
                raise
            is_of_calls = method.startswith("list.")
            key = (refusal.mnemonic, "Call API" if is_of_calls else "Data API")
            refused.setdefault(key, (cause.finding, []))[1].append(method)
        else:
            answering.append(method)
    for (mnemonic, api), (finding, methods) in refused.items():
        only_deals = account.settings.telephony_active and all(name in _OF_DEALS for name in methods)
        level = warning if only_deals else error
        remedy = finding.remedy + (
            "; or switch deals_to_uis off in the Airflow connection" if only_deals else ""
        )
        yield level(finding.topic, f"{mnemonic} of {', '.join(methods)} ({api})", finding.who, remedy)
    if answering:
        yield ok("UIS methods", f"{', '.join(answering)} answer")


_OF_DEALS = ("get.sales_funnel", "get.deals_in_processing", "get.reports_list")


def _reads(account: AccountUnderCheck, uis: UisClient) -> Iterator[tuple[str, Callable[[], Any]]]:
    settings, now = uis.settings, datetime.now(UTC)
    if account.settings.telephony_active:
        last_minute = reports.calls_report(settings, now - timedelta(minutes=1), now)
        yield "get.employees", lambda: next(uis.pages(staff.employees(settings)), None)
        yield "get.statuses", lambda: next(uis.pages(staff.statuses(settings)), None)
        yield "get.calls_report", lambda: next(uis.pages(last_minute), None)
        yield "list.calls", lambda: uis.ask(call_control.list_calls())
    if account.sends_deals_to_uis:
        yield "get.sales_funnel", lambda: next(uis.pages(deals.sales_funnels()), None)
        yield "get.deals_in_processing", lambda: uis.ask(reports.deals_in_processing())
        yield "get.reports_list", lambda: uis.ask(reports.report_id_of("deals"))


def check_virtual_number(account: AccountUnderCheck, uis: UisClient) -> Iterator[Finding]:
    """Check that calls can be made from the connection's number."""
    if not account.settings.telephony_active:
        return
    chosen = uis.settings.virtual_phone_number
    rows = uis.rows(staff.virtual_numbers(uis.settings))
    numbers = {str(row.get("virtual_phone_number")) for row in rows}
    where = f"connection {uis.settings.connection_id}"
    if not numbers:
        message = "the cabinet has none: nobody can call or be called"
        yield error("virtual number", message, UIS, "UIS: Номера: buy or connect a number")
    elif not chosen:
        yield warning(
            "virtual number",
            "virtual_phone_number is empty: no calls can be made from Megaplan",
            AIRFLOW,
            f"put one of the cabinet's {len(numbers)} numbers into {where}",
        )
    elif chosen.removeprefix("+") not in numbers:
        yield error(
            "virtual number",
            "the cabinet does not have the connection's number",
            AIRFLOW,
            f"correct virtual_phone_number of {where}; UIS: Номера",
        )
    else:
        yield ok("virtual number", "it is one of the cabinet's")
