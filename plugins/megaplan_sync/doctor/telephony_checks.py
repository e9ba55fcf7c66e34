"""Checks of telephony: UIS's key, components, points and numbers, and the mapping of employees."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.finding import Finding, error, ok, warning
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.live.routes import fallback_phones
from megaplan_sync.telephony.people.mismatches import MEGAPLAN_USERS, MismatchKind
from uis_hook import call_control, reports, staff
from uis_hook.client import UisClient
from uis_hook.exceptions import UisError

_RIGHTS = "UIS: Аккаунт → Управление пользователями → the user of the key: rights Data API and Call API"
_CLOCK_TOLERANCE_SECONDS = 5.0
_FEWEST_NOTIFICATIONS = 3
_NIGHTS_TO_DELETE = timedelta(days=2)


def check_uis_account(uis: UisClient) -> Iterator[Finding]:
    """Check the key, the time zone and the points."""
    account = uis.ask(staff.account())
    yield ok("UIS key", f"account {account.get('app_id')}")
    zone, ours = account.get("timezone"), uis.settings.account_timezone
    if zone and zone != ours:
        yield error(
            "UIS time zone",
            f"the cabinet uses {zone}, the connection {ours}: all times would be wrong",
            f"set account_timezone of connection {uis.settings.connection_id} to {zone}",
        )
    day = uis.limits.day if uis.limits else None
    if day is not None and day.remaining is not None and day.limit:
        message = f"{day.remaining} of {day.limit} points are left today"
        if day.remaining < day.limit * 0.1:
            yield warning("UIS points", message, "UIS: order a larger API tariff, or poll less often")
        else:
            yield ok("UIS points", message)


def check_uis_methods(uis: UisClient) -> Iterator[Finding]:
    """Call every reading method that is needed, for little data; methods that write are not tried."""
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
            yield error(f"UIS {method}", str(refusal), f"{_RIGHTS}; the tariff must include the component")
        else:
            yield ok(f"UIS {method}", "answers")


def check_virtual_number(uis: UisClient) -> Iterator[Finding]:
    """Check that calls can be made from the connection's number."""
    chosen = uis.settings.virtual_phone_number
    rows = uis.rows(staff.virtual_numbers(uis.settings))
    numbers = {str(row.get("virtual_phone_number")) for row in rows}
    where = f"connection {uis.settings.connection_id}"
    if not numbers:
        yield warning("virtual number", "the cabinet has none", "UIS: buy or connect a number")
    elif not chosen:
        yield warning(
            "virtual number",
            "virtual_phone_number is empty: no calls can be made from Megaplan",
            f"put one of the cabinet's {len(numbers)} numbers into {where}",
        )
    elif chosen.removeprefix("+") not in numbers:
        yield error(
            "virtual number",
            "the cabinet does not have the connection's number",
            f"correct virtual_phone_number of {where}; UIS: Номера",
        )
    else:
        yield ok("virtual number", "it is one of the cabinet's")


def check_users(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check which employees are mapped, as of the last run of megaplan_telephony_sync."""
    configs = [row for page in account.megaplan.call_user_configs() for row in page.items]
    numbered = sum(bool(str(row.get("internalNumber") or "").strip()) for row in configs)
    if not numbered:
        yield error(
            "telephony users in Megaplan",
            "nobody has an internal number: no call cards, no call history",
            f"{MEGAPLAN_USERS}: add everybody who makes calls, with the number from UIS: Сотрудники",
        )
    else:
        yield ok("telephony users in Megaplan", f"{numbered} have an internal number")
    if account.database is None:
        return
    rows = account.database.execute(
        read_sql("select_mismatches"), {"account": account.label, "kinds": list(MismatchKind)}
    ).fetchall()
    known = account.database.execute(read_sql("has_telephony_users"), {"account": account.label}).fetchone()
    if known == (False,):
        yield warning(
            "mapped employees",
            "nobody is mapped yet",
            "run the DAG megaplan_telephony_sync, then look at its mismatches",
        )
    if rows:
        kinds = ", ".join(f"{count} × {kind}" for kind, count in Counter(row[0] for row in rows).items())
        yield warning(
            "mismatches",
            kinds,
            "telephony.mismatches and the log of megaplan_telephony_sync say what to do for each",
        )
    elif known == (True,):
        yield ok("mismatches", "none in the last run of megaplan_telephony_sync")


def check_numbers_of_settings(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check that the phone numbers of the settings are some, and that a missed call has somebody to go to."""
    settings = account.settings
    region, connection = settings.vendor_quirks.default_phone_region, f"connection {settings.connection_id}"
    numbers = {
        "route_fallback": ("fallback numbers", settings.route_fallback, "is not dialled"),
        "skip_numbers": ("numbers to leave out", settings.skip_numbers, "leaves nothing out"),
        "missed_call_employees": ("missed calls by number", settings.missed_call_employees, "has no effect"),
    }
    for setting, (topic, typed, effect) in numbers.items():
        read = fallback_phones(typed, region)
        wrong = [str(place) for place, number in enumerate(read.values(), 1) if number is None]
        if wrong:
            message = f"number {', '.join(wrong)} of {setting} is not a phone number, and {effect}"
            yield error(topic, message, f"correct {setting} of {connection}, such as +7 900 000-00-01")
        elif read:
            yield ok(topic, f"{len(read)} can be used")
    if settings.missed_call_responsible == "fixed" and settings.missed_call_employee is None:
        yield error(
            "missed calls",
            "missed_call_responsible is fixed, and missed_call_employee is empty",
            f"enter the employee's id in Megaplan into missed_call_employee of {connection}",
        )


def check_notifications(account: AccountUnderCheck) -> Iterator[Finding]:
    """Say whether the cabinet's test of the address has arrived; its example call is of nobody."""
    if account.database is None:
        return
    asked = {"account": account.label}
    times, first = account.database.execute(read_sql("count_test_sends"), asked).fetchone() or (0, None)
    if times:
        yield ok(
            "test of the notifications", f"test received {times} times, first on {first:%Y-%m-%d %H:%M} UTC"
        )


def check_uis_clock(account: AccountUnderCheck) -> Iterator[Finding]:
    """Compare UIS's clock with that of Postgres, by the notifications of the last day."""
    if account.database is None:
        return
    asked = {"account": account.label}
    found = account.database.execute(read_sql("select_clock_difference"), asked).fetchone()
    count, behind, spread = found or (0, 0.0, 0.0)
    if count < _FEWEST_NOTIFICATIONS or spread > _CLOCK_TOLERANCE_SECONDS:
        return
    if abs(behind) > _CLOCK_TOLERANCE_SECONDS:
        side = "behind" if behind > 0 else "ahead of"
        yield warning(
            "UIS clock",
            f"it is {abs(behind):.0f} s {side} that of Postgres: times of calls are off by as much",
            "synchronise the clocks of this machine and of Postgres (NTP); call cards are shown nevertheless",
        )
    else:
        yield ok("UIS clock", f"agrees within {_CLOCK_TOLERANCE_SECONDS:.0f} s")


def check_kept_calls(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check how long calls are kept, and whether older ones are still there."""
    if account.database is None:
        return
    days = account.settings.keep_telephony_days
    if days is None:
        yield ok("calls kept", "for ever: keep_telephony_days is empty")
        return
    began_before = datetime.now(UTC) - timedelta(days=days) - _NIGHTS_TO_DELETE
    asked = {"account": account.label, "began_before": began_before}
    unfinished, unsettled, waiting = (
        account.database.execute(read_sql("count_old_rows"), asked).fetchone() or (0,) * 3
    )
    if unfinished or unsettled or waiting:
        yield warning(
            "calls kept",
            f"for {days} days, but {unfinished} unfinished calls, {unsettled} unsettled calls and {waiting} "
            "waiting messages are older",
            'docs/telephony-calls.md, "How long it is kept", says how to settle or forget them',
        )
    else:
        yield ok("calls kept", f"for {days} days")
