"""Who is responsible for a missed call, by the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from psycopg import Connection
from psycopg.errors import UndefinedTable

from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.phones import phone_digits, phone_e164
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.push.delivery import Delivery


class Responsible:
    """Gives missed calls to the employees whom the settings name; sends no request."""

    def __init__(self, connection: Connection[Any], settings: AccountSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._region = settings.vendor_quirks.default_phone_region
        self._by_number = {
            phone_digits(number, self._region): employee
            for number, employee in settings.missed_call_employees.items()
        }

    def assigned(self, calls: Sequence[Delivery]) -> list[Delivery]:
        """Return the calls, missed ones with the employee who is responsible."""
        phones = {
            call.call_session_id: phone_e164(call.contact_phone, self._region)
            for call in calls
            if call.outcome == "missed" and call.contact_phone
        }
        managers: dict[str | None, int] = {}
        if self._settings.missed_call_responsible == "client_manager" and phones:
            managers = self._managers([phone for phone in phones.values() if phone])
        return [
            replace(call, employee_id=self._employee(call, managers.get(phones.get(call.call_session_id))))
            if call.outcome == "missed"
            else call
            for call in calls
        ]

    def _employee(self, call: Delivery, manager: int | None) -> int | None:
        """Return the Megaplan employee; the last one who was rung, and then the fixed one, if there is no other."""
        fixed = self._settings.missed_call_employee
        chosen = {"last_rung": call.employee_id, "client_manager": manager, "fixed": fixed}
        candidates = (
            self._by_number.get(phone_digits(call.virtual_phone or "", self._region)),
            chosen[self._settings.missed_call_responsible],
            call.employee_id,
            fixed,
        )
        return next((employee for employee in candidates if employee is not None), None)

    def _managers(self, phones: Sequence[str]) -> dict[str | None, int]:
        parameters = {"account": self._settings.account, "phones": list(phones)}
        try:
            with self._connection.transaction():  # it may be part of another one
                return dict(self._connection.execute(read_sql("find_client_managers"), parameters).fetchall())
        except UndefinedTable:  # telephony without deals
            return {}
