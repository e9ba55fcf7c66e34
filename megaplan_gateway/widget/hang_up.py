"""Hanging up with ``release.call``, restricted to the employee's own calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_gateway.widget.command import Outcome
from megaplan_gateway.widget.error_messages import message_for
from megaplan_gateway.widget.users import TelephonyUser
from uis_hook.call_control import list_calls, release_call
from uis_hook.exceptions import UisCallStateError, UisComponentDisabledError, UisError

_TIMEOUT = 6.0
# states of a leg as list.calls returns them
_DISCONNECTED = "Разъединено"
_RINGING = "Дозвон"
_ALREADY_ENDED = "Этот звонок уже завершён."


async def check_own_call(
    uis: AsyncUisClient, user: TelephonyUser, call_session_id: int, seems_own: bool
) -> None:
    """Check with UIS that a call is this employee's.

    :param seems_own: the result according to our own events; used only if the UIS plan has no ``list.calls``, or the
        method returns no employee
    :raises RefusedError: 403 if it is another employee's call, 409 if it has ended, 503 if UIS does not answer
    """
    try:
        calls = await uis.ask(list_calls(), _TIMEOUT)
    except UisComponentDisabledError:
        if seems_own:
            return
        raise _foreign() from None
    except UisError as error:
        raise RefusedError(503, message_for(error), retry_after=5) from None
    found = next((call for call in calls if str(call.get("call_session_id")) == str(call_session_id)), None)
    if found is None:
        raise RefusedError(409, _ALREADY_ENDED)
    legs = [leg for leg in found.get("legs") or () if isinstance(leg, Mapping)]
    has_employees = any(leg.get("employee_id") is not None for leg in legs)
    if not (is_own_call(legs, user.uis_employee_id) if has_employees else seems_own):
        raise _foreign()


def is_own_call(legs: Iterable[Mapping[str, Any]], uis_employee_id: int) -> bool:
    """Return whether this employee is talking, or has the only ringing telephone.

    While several telephones ring, the call belongs to nobody: releasing it would hang up on the client.
    """
    active = [leg for leg in legs if leg.get("state") != _DISCONNECTED and leg.get("employee_id") is not None]
    own = [leg for leg in active if str(leg["employee_id"]) == str(uis_employee_id)]
    if any(leg.get("state") != _RINGING for leg in own):
        return True
    return bool(own) and len(own) == len(active)


async def hang_up(uis: AsyncUisClient, call_session_id: int) -> Outcome:
    """End a call for all participants. Succeeds if it has already ended.

    :raises UisError: if UIS rejects the request, for example in the call's current state; the call then continues
    """
    try:
        await uis.ask(release_call(call_session_id), _TIMEOUT)
    except UisCallStateError as error:
        if error.mnemonic != "call_session_not_found":
            raise
        return Outcome("done", _ALREADY_ENDED)
    return Outcome("done", "Звонок завершён.")


def _foreign() -> RefusedError:
    return RefusedError(403, "Это чужой звонок. Завершить можно только свой.")
