"""Hanging up: ``release.call``, but only of a call that is the employee's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_gateway.widget.command import Outcome
from megaplan_gateway.widget.error_messages import told_of
from megaplan_gateway.widget.users import TelephonyUser
from uis_hook.call_control import list_calls, release_call
from uis_hook.exceptions import UisCallStateError, UisComponentDisabledError, UisError

_PATIENCE = 6.0
# of a leg, as list.calls says it; the Russian words are UIS's own
_OVER = "Разъединено"
_RINGING = "Дозвон"
_OVER_ALREADY = "Этот звонок уже завершён."


async def check_own_call(uis: LiveUis, user: TelephonyUser, call_session_id: int, seems_own: bool) -> None:
    """Ask UIS who takes part in a call.

    :param seems_own: what our own notes say; believed only where the tariff has no ``list.calls``, or that names
        no employee
    :raises RefusedError: 403, the call is somebody else's; 409, there is none; 503, UIS does not say
    """
    try:
        calls = await uis.ask(list_calls(), _PATIENCE)
    except UisComponentDisabledError:
        if seems_own:
            return
        raise _foreign() from None
    except UisError as error:
        raise RefusedError(503, told_of(error), retry_after=5) from None
    found = next((call for call in calls if str(call.get("call_session_id")) == str(call_session_id)), None)
    if found is None:
        raise RefusedError(409, _OVER_ALREADY)
    legs = [leg for leg in found.get("legs") or () if isinstance(leg, Mapping)]
    names_anybody = any(leg.get("employee_id") is not None for leg in legs)
    if not (is_own_call(legs, user.uis_employee_id) if names_anybody else seems_own):
        raise _foreign()


def is_own_call(legs: Iterable[Mapping[str, Any]], uis_employee_id: int) -> bool:
    """Say whether a call is this employee's: who talks in it, or the only one whose telephone rings.

    While several telephones ring, the call is nobody's yet: ending it for all would hang up on the client.
    """
    alive = [leg for leg in legs if leg.get("state") != _OVER and leg.get("employee_id") is not None]
    own = [leg for leg in alive if str(leg["employee_id"]) == str(uis_employee_id)]
    if any(leg.get("state") != _RINGING for leg in own):
        return True
    return bool(own) and len(own) == len(alive)


async def hang_up(uis: LiveUis, call_session_id: int) -> Outcome:
    """End a call for everybody; one that is over already is what was wanted.

    :raises UisError: UIS refuses, for a state that does not allow it among others: then the call goes on
    """
    try:
        await uis.ask(release_call(call_session_id), _PATIENCE)
    except UisCallStateError as error:
        if error.mnemonic != "call_session_not_found":
            raise
        return Outcome("done", _OVER_ALREADY)
    return Outcome("done", "Звонок завершён.")


def _foreign() -> RefusedError:
    return RefusedError(403, "Это не ваш звонок: завершить можно только свой.")
