"""Whose number rang: the client's card, from the raw tables for nothing, else from Megaplan for one request."""

from __future__ import annotations

import logging
import re
from typing import Any

from psycopg import Connection
from psycopg.errors import UndefinedTable

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.links import Link, link
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.push.exceptions import is_refusal

log = logging.getLogger(__name__)

_CONTENT_TYPES = {"human": "ContractorHuman", "company": "ContractorCompany"}


class Clients:
    """Finds contacts by telephone number; what Megaplan has told is kept for the length of a run."""

    def __init__(self, connection: Connection[Any], hook: MegaplanHook) -> None:
        self._connection = connection
        self._hook = hook
        self._told: dict[str, Link | None] = {}

    def known(self, phone: str | None, employee_id: int | None) -> list[Link]:
        """Return the contacts with a number that the raw tables have; without any request.

        :param phone: digits with the country code, as UIS gives them
        :param employee_id: of several contacts, those of this manager come first
        """
        digits = _digits(phone)
        if digits is None:
            return []
        asked = {"account": self._hook.account, "phone": f"+{digits}", "employee_id": employee_id}
        try:
            rows = self._connection.execute(read_sql("find_contacts_by_phone"), asked).fetchall()
        except UndefinedTable:  # telephony without deals: there may be no raw tables
            return []
        return [Link(contentType=_CONTENT_TYPES[kind], id=str(number)) for kind, number in rows]

    def find(self, phone: str | None, employee_id: int | None) -> Link | None:
        """Return the client with a number; asks Megaplan when the raw tables do not know it."""
        if known := self.known(phone, employee_id):
            return known[0]
        digits = _digits(phone)
        if digits is None:
            return None
        if digits not in self._told:
            self._told[digits] = self._asked(digits)
        return self._told[digits]

    def _asked(self, digits: str) -> Link | None:
        try:
            users = self._hook.call_route(digits).get("users") or []
        except MegaplanError as error:
            if not is_refusal(error):
                raise
            # what Megaplan answers when nobody has the number is not documented: a refusal may mean just that
            log.info("/callRoute: %s; the number counts as nobody's.", error)
            return None
        people = [user for user in users if user.get("contentType") in _CONTENT_TYPES.values()]
        return link(people[0]) if people else None


def _digits(phone: str | None) -> str | None:
    """Return the digits of a number that a contact may have; a withheld or internal one is none."""
    digits = re.sub(r"[\s()+-]", "", phone or "")
    return digits if re.fullmatch(r"\d{7,15}", digits) else None
