"""Checks of telephony: UIS's key, components, points, numbers, and who is joined with whom."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from megaplan_sync.doctor.account_under_check import Patient
from megaplan_sync.doctor.finding import Finding, error, ok, warning
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.people.mismatches import MEGAPLAN_USERS, MismatchKind
from uis_hook import call_control, reports, staff
from uis_hook.client import UisClient
from uis_hook.exceptions import UisError

_RIGHTS = "UIS: Аккаунт → Управление пользователями → the user of the key: rights Data API and Call API"
_NIGHTS_TO_DELETE = timedelta(days=2)


def check_uis_account(uis: UisClient) -> Iterator[Finding]:
    """Key, zone and points."""
    account = uis.ask(staff.account())
    yield ok("UIS key", f"account {account.get('app_id')}")
    zone, ours = account.get("timezone"), uis.settings.account_timezone
    if zone and zone != ours:
        yield error(
            "UIS time zone",
            f"the cabinet says {zone}, the connection {ours}: all moments would be wrong",
            f"set account_timezone of connection {uis.settings.connection_id} to {zone}",
        )
    day = uis.limits.day if uis.limits else None
    if day is not None and day.remaining is not None and day.limit:
        told = f"{day.remaining} of {day.limit} points are left today"
        if day.remaining < day.limit * 0.1:
            yield warning("UIS points", told, "UIS: a larger tariff of the API, or fewer polls")
        else:
            yield ok("UIS points", told)


def check_uis_methods(uis: UisClient) -> Iterator[Finding]:
    """Every method that is needed for reading, by asking for little; what writes is not tried."""
    now, settings = datetime.now(UTC), uis.settings
    last_minute = reports.calls_report(settings, now - timedelta(minutes=1), now)
    reads: dict[str, Callable[[], Any]] = {
        "get.employees": lambda: list(uis.rows(staff.employees(settings))),
        "get.statuses": lambda: list(uis.rows(staff.statuses(settings))),
        "get.calls_report": lambda: next(uis.pages(last_minute), None),
        "list.calls (Call API)": lambda: uis.ask(call_control.list_calls()),
    }
    for method, read in reads.items():
        try:
            read()
        except UisError as refusal:
            yield error(f"UIS {method}", str(refusal), f"{_RIGHTS}; and the component must be bought")
        else:
            yield ok(f"UIS {method}", "answers")


def check_virtual_number(uis: UisClient) -> Iterator[Finding]:
    """Whether calls can be made from the number of the connection."""
    chosen = uis.settings.virtual_phone_number
    rows = uis.rows(staff.virtual_numbers(uis.settings))
    numbers = {str(row.get("virtual_phone_number")) for row in rows}
    where = f"connection {uis.settings.connection_id}"
    if not numbers:
        yield warning("virtual number", "the cabinet has none", "UIS: buy or connect a number")
    elif not chosen:
        yield warning(
            "virtual number",
            "virtual_phone_number is empty: no calls can be made out of Megaplan",
            f"write one of the cabinet's {len(numbers)} numbers into {where}",
        )
    elif chosen.removeprefix("+") not in numbers:
        yield error(
            "virtual number",
            "the number of the connection is none of the cabinet's",
            f"correct virtual_phone_number of {where}; UIS: Номера",
        )
    else:
        yield ok("virtual number", "it is one of the cabinet's")


def check_users(patient: Patient) -> Iterator[Finding]:
    """Who is joined with whom, as the last sync of telephony has seen it."""
    configs = [row for page in patient.megaplan.call_user_configs() for row in page.items]
    numbered = sum(bool(str(row.get("internalNumber") or "").strip()) for row in configs)
    if not numbered:
        yield error(
            "users of telephony in Megaplan",
            "nobody has an internal number: no call cards, no data of calls",
            f"{MEGAPLAN_USERS}: add everybody who telephones, with the number of UIS: Сотрудники",
        )
    else:
        yield ok("users of telephony in Megaplan", f"{numbered} have an internal number")
    if patient.database is None:
        return
    rows = patient.database.execute(
        read_sql("select_mismatches"), {"account": patient.account, "kinds": list(MismatchKind)}
    ).fetchall()
    known = patient.database.execute(read_sql("has_telephony_users"), {"account": patient.account}).fetchone()
    if known == (False,):
        yield warning(
            "joined employees",
            "nobody is joined yet",
            "run the DAG megaplan_telephony_sync; then look at its mismatches",
        )
    if rows:
        kinds = ", ".join(f"{count} × {kind}" for kind, count in Counter(row[0] for row in rows).items())
        yield warning(
            "mismatches",
            kinds,
            "telephony.mismatches, or the log of megaplan_telephony_sync, says for each what to do where",
        )
    elif known == (True,):
        yield ok("mismatches", "none at the last sync of telephony")


def check_kept_calls(patient: Patient) -> Iterator[Finding]:
    """How long calls are kept, and whether anything older had to stay."""
    if patient.database is None:
        return
    days = patient.settings.keep_telephony_days
    if days is None:
        yield ok("calls kept", "for ever: keep_telephony_days is empty")
        return
    began_before = datetime.now(UTC) - timedelta(days=days) - _NIGHTS_TO_DELETE
    asked = {"account": patient.account, "began_before": began_before}
    unfinished, unsettled, waiting = (
        patient.database.execute(read_sql("count_old_rows"), asked).fetchone() or (0,) * 3
    )
    if unfinished or unsettled or waiting:
        yield warning(
            "calls kept",
            f"for {days} days, and yet {unfinished} unfinished calls, {unsettled} unsettled calls and {waiting} "
            "waiting messages are older",
            'docs/telephony-calls.md, "How long it is kept", says how to settle or forget them',
        )
    else:
        yield ok("calls kept", f"for {days} days")
