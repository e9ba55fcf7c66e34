"""Finds the client with a phone number: in the raw tables, or else with one request to Megaplan."""

from __future__ import annotations

import logging
from typing import Any

from psycopg import Connection
from psycopg.errors import UndefinedTable

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.links import Link, is_entity, link
from megaplan_sync.kernel.phones import phone_e164
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import entries
from megaplan_sync.telephony.push.exceptions import is_refusal

log = logging.getLogger(__name__)

_CONTENT_TYPES = {"human": "ContractorHuman", "company": "ContractorCompany"}


class ClientLookup:
    """Finds contacts by phone number; Megaplan's answers are cached for the duration of a run."""

    def __init__(self, connection: Connection[Any], hook: MegaplanHook) -> None:
        self._connection = connection
        self._hook = hook
        self._cache: dict[str, Link | None] = {}

    def known(self, phone: str | None, employee_id: int | None) -> list[Link]:
        """Return the contacts that have the number in the raw tables; sends no request.

        :param phone: as UIS or a person wrote it
        :param employee_id: contacts whose manager this is come first
        """
        number = self._number(phone)
        if number is None:
            return []
        parameters = {"account": self._hook.account, "phone": number, "employee_id": employee_id}
        try:
            rows = self._connection.execute(read_sql("find_contacts_by_phone"), parameters).fetchall()
        except UndefinedTable:  # telephony without deals: there may be no raw tables
            return []
        return [Link(contentType=_CONTENT_TYPES[kind], id=str(number)) for kind, number in rows]

    def find(self, phone: str | None, employee_id: int | None) -> Link | None:
        """Return the client with the number; asks Megaplan if the raw tables do not have it."""
        if known := self.known(phone, employee_id):
            return known[0]
        number = self._number(phone)
        if number is None:
            return None
        if number not in self._cache:
            self._cache[number] = self._find_in_megaplan(number.removeprefix("+"))
        return self._cache[number]

    def _number(self, phone: str | None) -> str | None:
        """Return E.164; None for withheld and internal numbers, and whatever is not surely a number."""
        region = self._hook.settings.vendor_quirks.default_phone_region
        return None if phone is None else phone_e164(phone, region)

    def _find_in_megaplan(self, digits: str) -> Link | None:
        try:
            users = self._hook.call_route(digits).get("users")
        except MegaplanError as error:
            if not is_refusal(error):
                raise
            # the answer for an unknown number is not documented, so a refusal may mean just that
            log.info("/callRoute: %s; the number is treated as unknown.", error)
            return None
        listed = filter(is_entity, entries(users))
        people = [user for user in listed if user["contentType"] in _CONTENT_TYPES.values()]
        return link(people[0]) if people else None
