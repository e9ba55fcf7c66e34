"""Checks of telephony: the mapping of employees, settings with numbers, and what notifications and calls show."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from megaplan_sync.doctor.account_under_check import AccountUnderCheck
from megaplan_sync.doctor.finding import AIRFLOW, MEGAPLAN, SERVERS, Finding, error, ok, warning
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.live.routes import fallback_phones
from megaplan_sync.telephony.people.mismatches import MEGAPLAN_USERS, MismatchKind

_CLOCK_TOLERANCE_SECONDS = 5.0
_FEWEST_NOTIFICATIONS = 3
_NIGHTS_TO_DELETE = timedelta(days=2)


def check_users(account: AccountUnderCheck) -> Iterator[Finding]:
    """Check which employees are mapped, as of the last run of megaplan_telephony_sync."""
    configs = [row for page in account.megaplan.call_user_configs() for row in page.items]
    numbered = sum(bool(str(row.get("internalNumber") or "").strip()) for row in configs)
    if not numbered:
        yield error(
            "telephony users in Megaplan",
            "nobody has an internal number: no call cards, no call history",
            MEGAPLAN,
            f"{MEGAPLAN_USERS}: add everybody who makes calls, with the number from UIS: Сотрудники",
        )
    else:
        yield ok("telephony users in Megaplan", f"{numbered} have an internal number")


def check_mapped_employees(account: AccountUnderCheck, database: Connection[Any]) -> Iterator[Finding]:
    """Check which employees are mapped, as of the last run of megaplan_telephony_sync."""
    rows = database.execute(
        read_sql("select_mismatches"), {"account": account.label, "kinds": list(MismatchKind)}
    ).fetchall()
    has_users = database.execute(read_sql("has_telephony_users"), {"account": account.label}).fetchone() == (
        True,
    )
    kinds = ", ".join(f"{count} × {kind}" for kind, count in Counter(row[0] for row in rows).items())
    how = "telephony.mismatches and the log of megaplan_telephony_sync say what to do for each"
    if rows and not has_users:
        remedy = f"{MEGAPLAN_USERS}: enter the internal numbers from UIS: Сотрудники; {how}"
        yield error("mapped employees", f"nobody is mapped ({kinds})", MEGAPLAN, remedy)
    elif rows:
        yield warning("mismatches", kinds, MEGAPLAN, how)
    elif has_users:
        yield ok("mismatches", "none in the last run of megaplan_telephony_sync")
    else:
        remedy = "run the DAG megaplan_telephony_sync, then look at its mismatches"
        yield warning("mapped employees", "nobody is mapped yet", AIRFLOW, remedy)


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
            yield error(
                topic, message, AIRFLOW, f"correct {setting} of {connection}, such as +7 900 000-00-01"
            )
        elif read:
            yield ok(topic, f"{len(read)} can be used")
    if settings.missed_call_responsible == "fixed" and settings.missed_call_employee is None:
        yield error(
            "missed calls",
            "missed_call_responsible is fixed, and missed_call_employee is empty",
            AIRFLOW,
            f"enter the employee's id in Megaplan into missed_call_employee of {connection}",
        )


def check_notifications(account: AccountUnderCheck, database: Connection[Any]) -> Iterator[Finding]:
    """Say whether the cabinet's test of the address has arrived; its example call is of nobody."""
    asked = {"account": account.label}
    times, first = database.execute(read_sql("count_test_sends"), asked).fetchone() or (0, None)
    if times:
        yield ok(
            "test of the notifications", f"test received {times} times, first on {first:%Y-%m-%d %H:%M} UTC"
        )


def check_time_of_notifications(account: AccountUnderCheck, database: Connection[Any]) -> Iterator[Finding]:
    """Compare UIS's clock with that of Postgres, by the notifications of the last day."""
    asked = {"account": account.label}
    found = database.execute(read_sql("select_clock_difference"), asked).fetchone()
    count, behind, spread = found or (0, 0.0, 0.0)
    if count < _FEWEST_NOTIFICATIONS or spread > _CLOCK_TOLERANCE_SECONDS:
        return
    if abs(behind) > _CLOCK_TOLERANCE_SECONDS:
        side = "behind" if behind > 0 else "ahead of"
        yield warning(
            "time of notifications",
            f"it is {abs(behind):.0f} s {side} that of Postgres: times of calls are off by as much",
            SERVERS,
            "synchronise the clocks of this machine and of Postgres (NTP); call cards are shown nevertheless",
        )
    else:
        yield ok("time of notifications", f"agrees within {_CLOCK_TOLERANCE_SECONDS:.0f} s")


def check_kept_calls(account: AccountUnderCheck, database: Connection[Any]) -> Iterator[Finding]:
    """Check how long calls are kept, and whether older ones are still there."""
    days = account.settings.keep_telephony_days
    if days is None:
        yield ok("calls kept", "for ever: keep_telephony_days is empty")
        return
    began_before = datetime.now(UTC) - timedelta(days=days) - _NIGHTS_TO_DELETE
    asked = {"account": account.label, "began_before": began_before}
    unfinished, unsettled, waiting = (
        database.execute(read_sql("count_old_rows"), asked).fetchone() or (0,) * 3
    )
    if unfinished or unsettled or waiting:
        yield warning(
            "calls kept",
            f"for {days} days, but {unfinished} unfinished calls, {unsettled} unsettled calls and {waiting} "
            "waiting messages are older",
            AIRFLOW,
            'docs/telephony-calls.md, "How long it is kept", says how to settle or forget them',
        )
    else:
        yield ok("calls kept", f"for {days} days")
