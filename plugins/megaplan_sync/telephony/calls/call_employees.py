"""The employee of a call, and the employees whose phones rang. Free of I/O."""

from collections.abc import Iterator
from typing import Any

from megaplan_sync.inbox.notifications import whole_number
from megaplan_sync.kernel.values import entries
from megaplan_sync.telephony.calls.call import Outcome
from megaplan_sync.telephony.calls.call_times import talk_starts
from megaplan_sync.telephony.calls.known_events import KnownEvents, employee_of

# events of employees whose phones rang, the most reliable first
_RINGING: tuple[tuple[str | None, ...], ...] = (
    ("call_proceeding",),
    ("in_call", "out_call", "call_connected", None),
    ("call_disconnected",),
)


def rung_employees(known: KnownEvents) -> tuple[int, ...]:
    """Return the employees whose phones rang or who dialled, without duplicates, in order of appearance."""
    return tuple(dict.fromkeys(_named(known)))


def talked_employees(known: KnownEvents, outcome: Outcome | None) -> tuple[int, ...]:
    """Return the employees who talked, the last one last; nobody if the call was not answered."""
    if outcome not in (None, "answered"):
        return ()
    report = known.report
    rows = [row for row in entries(report.get("employees")) if isinstance(row, dict)]
    named = [
        report.get("first_talked_employee_id"),
        *(row.get("employee_id") for row in rows if row.get("is_talked")),
        *(start.employee_id for start in talk_starts(known)),
        *(event.values.get("employee_id") for event in known.of("talk_record_file")),
        known.last("last_talked_employee_id", "call_session_finished"),
        known.final("last_talked_employee_id"),
    ]
    # of one who talked twice, the last time counts
    return tuple(reversed(dict.fromkeys(reversed(list(_ids(named))))))


def whose_call(known: KnownEvents, outcome: Outcome | None) -> int | None:
    """Return the employee whose talk began last; if nobody talked, the one whose phone rang last."""
    if outcome in (None, "answered"):
        stated = whole_number(
            known.final("last_talked_employee_id")
            or known.last("last_talked_employee_id", "call_session_finished")
        )
        talked = [start.employee_id for start in talk_starts(known) if start.employee_id is not None]
        recorded = known.last("employee_id", "talk_record_file")
        answered = known.final("last_answered_employee_id")
        of_end = known.last("employee_id", "call_session_finished") if outcome is not None else None
        found = stated or (talked[-1] if talked else None)
        for other in (recorded, answered, of_end):
            found = found or whole_number(other)
        if found:
            return found
    return _last_rung(known)


def _last_rung(known: KnownEvents) -> int | None:
    for mnemonics in _RINGING:
        rung = [employee for event in known.of(*mnemonics) if (employee := employee_of(event)) is not None]
        if rung:
            return rung[-1]
    named = list(_named(known))
    return named[-1] if named else None


def _named(known: KnownEvents) -> Iterator[int]:
    for event in known.notifications:
        if (employee := employee_of(event)) is not None:
            yield employee
    for event in known.notifications:
        yield from _ids(event.values.get("employee_ids"))
    for row in known.reports:
        for one in entries(row.values.get("employees")):
            yield from _ids([one.get("employee_id") if isinstance(one, dict) else None])
        for order in ("first", "last"):
            yield from _ids(
                [row.values.get(f"{order}_{word}_employee_id") for word in ("answered", "talked")]
            )


def _ids(value: Any) -> Iterator[int]:
    for one in value if isinstance(value, list) else ():
        if employee := whole_number(one):
            yield employee
