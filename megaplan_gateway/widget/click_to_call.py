"""Click-to-call: ``start.employee_call``, begun once, and looked for where UIS did not say whether it began it."""

from __future__ import annotations

import asyncio
import logging

from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_gateway.widget.command import Command, CommandTable, Outcome, external_id
from megaplan_gateway.widget.error_messages import error_name
from megaplan_gateway.widget.users import TelephonyUser
from uis_hook.call_control import list_calls, start_employee_call, with_external_id
from uis_hook.exceptions import UisComponentDisabledError, UisError, UisServerError, UisTransportError

log = logging.getLogger(__name__)

START_SECONDS = 12.0
LOOK_SECONDS = 4.0
LOOK_PAUSES = (0.0, 1.0, 2.0)
LOOK_BACK_SECONDS = 120.0

_BEGUN = "Звоним: снимите свою трубку."


class ClickToCall:
    """Begins calls for one command after another; nothing here is ever sent twice."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table

    async def start(self, uis: LiveUis, user: TelephonyUser, command: Command) -> Outcome:
        """Let the employee's telephone ring, and then the client's.

        :raises UisError: UIS refuses, and surely has begun nothing
        """
        number = uis.settings.virtual_phone_number
        if number is None:
            told = "Не задан номер, с которого звонит компания: обратитесь к администратору."
            return Outcome("failed", told, "virtual_phone_number")
        for earlier in await self._table.unknown_calls(command, LOOK_BACK_SECONDS):
            session = await self._look_once(uis, earlier)
            if session is not None:
                return Outcome("done", _BEGUN, call_session_id=session)
        request = start_employee_call(
            employee_id=user.uis_employee_id,
            contact=command.phone or "",
            virtual_phone_number=number,
            external_id=command.external_id,
        )
        try:
            session = await uis.ask(request, START_SECONDS)
        except UisError as error:
            if not _is_ambiguous(error):
                raise
            log.warning("call begun or not", extra={"account": command.account, "reason": error_name(error)})
            return await self.look(uis, command.command_id)
        return Outcome("done", _BEGUN, call_session_id=session)

    async def look(self, uis: LiveUis, command_id: str) -> Outcome:
        """Find out whether a call was begun; it is never begun again by itself."""
        for seconds in LOOK_PAUSES:
            await asyncio.sleep(seconds)
            session = await self._look_once(uis, command_id)
            if session is not None:
                return Outcome("done", _BEGUN, call_session_id=session)
        told = "UIS не ответила, начался ли звонок. Если телефон не зазвонит, нажмите «Позвонить» ещё раз."
        return Outcome("unknown", told)

    async def _look_once(self, uis: LiveUis, command_id: str) -> int | None:
        try:
            calls = await uis.ask(list_calls(), LOOK_SECONDS)
        except UisComponentDisabledError:
            log.warning("list.calls is not in the tariff: whether a call was begun cannot be seen")
            return None
        except UisError:
            return None
        return with_external_id(calls, external_id(command_id))


def _is_ambiguous(error: UisError) -> bool:
    """Say whether UIS may have begun what it did not confirm; a refusal in words means that it has not."""
    return isinstance(error, UisServerError | UisTransportError) and error.maybe_accepted
