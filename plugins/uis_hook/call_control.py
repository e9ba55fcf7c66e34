"""Making and ending calls: what to ask of the Call API v4.0. Free of I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from megaplan_vendor_kit.responses import whole_number
from uis_hook.jsonrpc import Request, number_called, rows, success
from uis_hook.phones import dialled

FirstCall = Literal["employee", "contact"]
Direction = Literal["in", "out"]


def start_employee_call(
    *,
    employee_id: int,
    contact: str,
    virtual_phone_number: str,
    external_id: str,
    employee_phone_number: str | None = None,
    first_call: FirstCall = "employee",
    direction: Direction = "out",
    options: Mapping[str, Any] | None = None,
) -> Request[int]:
    """Click-to-call; the result is the ``call_session_id``. Never repeated unless UIS has surely not begun it.

    :param contact: number to call; internal numbers are not supported by UIS.
    :param virtual_phone_number: own number, which the contact sees.
    :param external_id: ours; comes back in notifications, in ``list.calls`` and in the report, which is the
        only way to find out what became of a request without an answer. Therefore required.
    :param employee_phone_number: which phone to ring; without it all active ones of the employee.
    :param first_call: whom to ring first.
    :param direction: how the history shows the call; UIS's own default is ``in``.
    :param options: further parameters as UIS names them: show_virtual_phone_number, switch_at_once,
        early_switching, media_file_id, dtmf_string, contact_message, employee_message, …
    :raises ValueError: for an empty external_id or contact, or for a combination that UIS refuses.
    """
    if not external_id.strip():
        raise ValueError(
            "external_id is empty: without it a call whose answer got lost cannot be found again"
        )
    if not contact.strip():
        raise ValueError("contact is empty: give the number to call")
    options = dict(options or {})
    if options.get("early_switching") and not (first_call == "employee" and options.get("switch_at_once")):
        raise ValueError("early_switching needs first_call 'employee' and switch_at_once")
    employee: dict[str, Any] = {"id": employee_id}
    if employee_phone_number:
        employee["phone_number"] = dialled(employee_phone_number)
    params = {
        "first_call": first_call,
        "virtual_phone_number": dialled(virtual_phone_number),
        "contact": dialled(contact),
        "employee": employee,
        "direction": direction,
        "external_id": external_id,
        **options,
    }
    return Request(
        "start.employee_call", params, number_called("call_session_id"), api="call", may_come_twice=False
    )


def release_call(call_session_id: int) -> Request[None]:
    """End a call for everybody.

    It may come twice: the second time UIS says ``call_session_not_found``, as it does of any call that is over.
    """
    return Request("release.call", {"call_session_id": call_session_id}, success, api="call")


def list_calls(
    direction: Direction | None = None, virtual_phone_number: str | None = None
) -> Request[list[dict[str, Any]]]:
    """Ask for the calls that are going on now, with their legs; ``state`` is a Russian word."""
    params: dict[str, Any] = {}
    if direction is not None:
        params["direction"] = direction
    if virtual_phone_number is not None:
        params["virtual_phone_number"] = dialled(virtual_phone_number)
    return Request("list.calls", params, rows, api="call")


def with_external_id(calls: Sequence[Mapping[str, Any]], external_id: str) -> int | None:
    """Find the session id of the call that was started with this id; None when it is not going on."""
    for call in calls:
        if call.get("external_id") == external_id:
            return whole_number(call.get("call_session_id"))
    return None
