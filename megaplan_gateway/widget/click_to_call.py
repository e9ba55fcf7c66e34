"""Click-to-call: ``start.employee_call``, sent once; if its outcome is unknown, the call is looked up."""

from __future__ import annotations

import asyncio
import logging

from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_gateway.widget.command import Command, CommandTable, Outcome, external_id
from megaplan_gateway.widget.error_messages import error_name
from megaplan_gateway.widget.users import TelephonyUser
from uis_hook.call_control import list_calls, start_employee_call, with_external_id
from uis_hook.exceptions import UisComponentDisabledError, UisError, UisServerError, UisTransportError

log = logging.getLogger(__name__)

START_SECONDS = 12.0
LOOKUP_SECONDS = 4.0
LOOKUP_DELAYS = (0.0, 1.0, 2.0)
EARLIER_CALLS_SECONDS = 120.0

_STARTED = "Звоним вам. Снимите трубку."


class ClickToCall:
    """Starts calls. No request is ever repeated."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table

    async def start(self, uis: AsyncUisClient, user: TelephonyUser, command: Command) -> Outcome:
        """Ring the employee's telephone, then the client's.

        :raises UisError: if UIS has certainly not started the call
        """
        number = uis.settings.virtual_phone_number
        if number is None:
            message = "Не указан номер для исходящих звонков. Обратитесь к администратору."
            return Outcome("failed", message, "virtual_phone_number")
        for earlier in await self._table.unknown_calls(command, EARLIER_CALLS_SECONDS):
            session = await self._find(uis, earlier)
            if session is not None:
                return Outcome("done", _STARTED, call_session_id=session)
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
            log.warning("call unconfirmed", extra={"account": command.account, "reason": error_name(error)})
            return await self.look_up(uis, command.command_id)
        return Outcome("done", _STARTED, call_session_id=session)

    async def look_up(self, uis: AsyncUisClient, command_id: str) -> Outcome:
        """Find out whether a call was started; never starts it again."""
        for seconds in LOOKUP_DELAYS:
            await asyncio.sleep(seconds)
            session = await self._find(uis, command_id)
            if session is not None:
                return Outcome("done", _STARTED, call_session_id=session)
        message = "UIS не подтвердила звонок. Если телефон не зазвонит, нажмите «Позвонить» ещё раз."
        return Outcome("unknown", message)

    async def _find(self, uis: AsyncUisClient, command_id: str) -> int | None:
        try:
            calls = await uis.ask(list_calls(), LOOKUP_SECONDS)
        except UisComponentDisabledError:
            log.warning("list.calls is not in the UIS plan, so an unconfirmed call cannot be looked up")
            return None
        except UisError:
            return None
        return with_external_id(calls, external_id(command_id))


def _is_ambiguous(error: UisError) -> bool:
    """Return whether UIS may have started the call; an explicit refusal means that it has not."""
    return isinstance(error, UisServerError | UisTransportError) and error.maybe_accepted
