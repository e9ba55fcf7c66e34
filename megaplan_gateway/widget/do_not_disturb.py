"""Do-not-disturb from Megaplan to UIS; the other way is :mod:`megaplan_gateway.widget.status_poll`.

One rule for both: the last change wins, and only a person changes anything. What is read from UIS is
shown, never sent back, so nothing can go round in circles. Switching off gives back the status from before, if that
one takes calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_gateway.widget.command import Command, CommandTable, Outcome
from megaplan_gateway.widget.statuses import Statuses
from megaplan_gateway.widget.uis_lists import read_all
from megaplan_gateway.widget.users import Status, TelephonyUser, UserTable
from megaplan_sync.kernel.values import identifier
from uis_hook.exceptions import UisMissingParameterError, UisNotFoundError
from uis_hook.staff import AVAILABLE, DO_NOT_DISTURB, employees, update_employee, with_required_fields

_PATIENCE = 6.0
_FIELDS = ("id", "last_name", "phone_numbers", "status_id")


class DoNotDisturb:
    """Changes employees' statuses for one command after another."""

    def __init__(self, table: CommandTable, users: UserTable) -> None:
        self._table = table
        self._users = users
        self._locks: dict[tuple[str, int], asyncio.Lock] = {}

    async def set(self, uis: LiveUis, statuses: Statuses, user: TelephonyUser, command: Command) -> Outcome:
        """Switch do-not-disturb on or off; doing it twice is no other than once.

        One command of an employee after the other, so that the last one is also what is shown.

        :raises UisError: UIS refuses, or does not answer
        """
        lock = self._locks.setdefault((command.account, command.employee_id), asyncio.Lock())
        async with lock:
            return await self._set(uis, statuses, user, command)

    async def _set(self, uis: LiveUis, statuses: Statuses, user: TelephonyUser, command: Command) -> Outcome:
        employee = await _employee(uis, user)
        present = identifier(employee.get("status_id"))
        quiet = await statuses.named(DO_NOT_DISTURB)
        wanted = quiet if command.value else await self._status_to_return_to(statuses, command)
        before = None
        if command.value and present != quiet.id:
            before = present
        if present != wanted.id:
            await _change(uis, employee, user, {"status_id": wanted.id})
        await self._users.told_status(command.account, user.uis_employee_id, wanted)
        told = "Не беспокоить включено." if command.value else f"Снова принимаете звонки: {wanted.name}."
        return Outcome("done", told, status_before=before)

    async def _status_to_return_to(self, statuses: Statuses, command: Command) -> Status:
        before = await self._table.status_before(command)
        known = await statuses.by_id()
        if before in known and known[before].do_not_disturb is False:
            return known[before]
        return await statuses.named(AVAILABLE)


async def _employee(uis: LiveUis, user: TelephonyUser) -> dict[str, Any]:
    where = {"field": "id", "operator": "=", "value": user.uis_employee_id}
    sort_field = uis.settings.vendor_quirks.directories_sort_field
    found = await read_all(uis, employees(_FIELDS, where, sort_field), _PATIENCE)
    for employee in found:
        if (
            identifier(employee.get("id")) == user.uis_employee_id
        ):  # never another one's telephones are written back
            return employee
    told = f"there is no employee {user.uis_employee_id}"
    raise UisNotFoundError("get.employees", "employee_not_found", told=told)


async def _change(
    uis: LiveUis, employee: Mapping[str, Any], user: TelephonyUser, changes: Mapping[str, Any]
) -> None:
    """Send what changes; with the fields UIS may miss, as the quirk ``employee_update`` says."""
    mode = uis.settings.vendor_quirks.employee_update
    if mode != "full":
        try:
            await uis.ask(update_employee(user.uis_employee_id, changes), _PATIENCE)
            return
        except UisMissingParameterError:
            if mode == "given":
                raise
    full = with_required_fields(employee, changes)
    await uis.ask(update_employee(user.uis_employee_id, full), _PATIENCE)
