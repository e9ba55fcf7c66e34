"""Do-not-disturb from Megaplan to UIS; :mod:`megaplan_gateway.widget.status_poll` covers the other direction.

The last change wins, and only people make changes: a status read from UIS is displayed but never sent back, so there
are no loops. Switching off restores the previous status if it takes calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_gateway.widget.command import Command, CommandTable, Outcome
from megaplan_gateway.widget.statuses import Statuses
from megaplan_gateway.widget.uis_lists import read_all
from megaplan_gateway.widget.users import Status, TelephonyUser, UserTable
from megaplan_sync.kernel.values import identifier
from uis_hook.exceptions import UisMissingParameterError, UisNotFoundError
from uis_hook.staff import AVAILABLE, DO_NOT_DISTURB, employees, update_employee, with_required_fields

_TIMEOUT = 6.0
_FIELDS = ("id", "last_name", "phone_numbers", "status_id")


class DoNotDisturb:
    """Switches do-not-disturb by changing employees' statuses in UIS."""

    def __init__(self, table: CommandTable, users: UserTable) -> None:
        self._table = table
        self._users = users
        self._locks: dict[tuple[str, int], asyncio.Lock] = {}

    async def set(
        self, uis: AsyncUisClient, statuses: Statuses, user: TelephonyUser, command: Command
    ) -> Outcome:
        """Switch do-not-disturb on or off. Idempotent.

        An employee's commands run one after another, so that the last one determines the status shown.

        :raises UisError: if UIS rejects the change or does not answer
        """
        lock = self._locks.setdefault((command.account, command.employee_id), asyncio.Lock())
        async with lock:
            return await self._set(uis, statuses, user, command)

    async def _set(
        self, uis: AsyncUisClient, statuses: Statuses, user: TelephonyUser, command: Command
    ) -> Outcome:
        employee = await _employee(uis, user)
        current = identifier(employee.get("status_id"))
        do_not_disturb = await statuses.named(DO_NOT_DISTURB)
        wanted = do_not_disturb if command.value else await self._status_to_restore(statuses, command)
        before = current if command.value and current != do_not_disturb.id else None
        if current != wanted.id:
            await _update(uis, employee, user, {"status_id": wanted.id})
        await self._users.save_sent_status(command.account, user.uis_employee_id, wanted)
        message = "Режим «Не беспокоить» включён."
        if not command.value:
            message = f"Вы снова принимаете звонки. Статус: {wanted.name}."
        return Outcome("done", message, status_before=before)

    async def _status_to_restore(self, statuses: Statuses, command: Command) -> Status:
        before = await self._table.status_before(command)
        known = await statuses.by_id()
        if before in known and known[before].do_not_disturb is False:
            return known[before]
        return await statuses.named(AVAILABLE)


async def _employee(uis: AsyncUisClient, user: TelephonyUser) -> dict[str, Any]:
    where = {"field": "id", "operator": "=", "value": user.uis_employee_id}
    found = await read_all(uis, employees(uis.settings, _FIELDS, where), _TIMEOUT)
    for employee in found:
        # checked, since the telephones read here may be written back to this employee
        if identifier(employee.get("id")) == user.uis_employee_id:
            return employee
    reason = f"there is no employee {user.uis_employee_id}"
    raise UisNotFoundError("get.employees", "employee_not_found", message=reason)


async def _update(
    uis: AsyncUisClient, employee: Mapping[str, Any], user: TelephonyUser, changes: Mapping[str, Any]
) -> None:
    """Update an employee, with the required fields added as the quirk ``employee_update`` demands."""
    mode = uis.settings.vendor_quirks.employee_update
    if mode != "full":
        try:
            await uis.ask(update_employee(user.uis_employee_id, changes), _TIMEOUT)
            return
        except UisMissingParameterError:
            if mode == "given":
                raise
    full = with_required_fields(employee, changes)
    await uis.ask(update_employee(user.uis_employee_id, full), _TIMEOUT)
