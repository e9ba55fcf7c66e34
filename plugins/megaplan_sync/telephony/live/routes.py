"""Interactive processing: UIS asks which phones to ring. Free of I/O.

The request is a query, a form or JSON, with ``numa`` (the caller), ``numb`` (the dialled number) and, depending on
the brand, the session as ``cdr_id`` or ``call_session_id``. The answer is JSON with ``phones``, or with the
``returned_code`` of the branch to take (vendor's Call API guide).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from megaplan_sync.inbox.notification_bodies import read_body
from megaplan_sync.inbox.notifications import flat, whole_number
from megaplan_sync.kernel.phones import phone_e164
from megaplan_sync.kernel.values import entries, visible_text
from megaplan_sync.telephony.calls.known_events import text_in
from megaplan_sync.telephony.people.internal_numbers import internal_number
from uis_hook.phones import dialled
from uis_hook.vendor_quirks import RoutePhones

NOBODY = {"returned_code": 0}
"""Take branch 0: nobody is responsible, and there are no fallback numbers."""

_LONGEST_CALLER = 100
_LONGEST_SIP_LOGIN = 7
_OUTSIDE = re.compile(r"\+?[0-9]{10,15}")


class RouteRequest(NamedTuple):
    """A parsed request.

    :param caller: digits; None if the number is withheld or missing
    :param broken: why the request could not be parsed; None if it could
    """

    call_session_id: int | None
    caller: str | None
    broken: str | None = None


class Telephone(NamedTuple):
    """The phones of an employee: a row of ``telephony.users``."""

    internal_number: str
    lines: tuple[str, ...]


def read_route_request(body: bytes, content_type: str | None, query: str | None) -> RouteRequest:
    """Parse a request; never fails."""
    read = read_body(body, content_type, query)
    if read.values is None:
        return RouteRequest(None, None, read.broken)
    values = flat(read.values)
    session = whole_number(values.get("call_session_id")) or whole_number(values.get("cdr_id"))
    caller = visible_text(text_in(values.get("numa")) or "", _LONGEST_CALLER + 1)
    # numbers are cached, so their length is limited
    is_number = len(caller) <= _LONGEST_CALLER and any(one.isdigit() for one in caller)
    return RouteRequest(session, caller if is_number else None)


def responsible_employees(route: Mapping[str, Any]) -> list[int]:
    """Return the employees in Megaplan's ``/callRoute``: a list, or a single one according to older documentation."""
    ids = (whole_number(row.get("id")) for row in entries(route.get("employees")) if isinstance(row, Mapping))
    return [one for one in ids if one]


def phones_of(telephones: Iterable[Telephone], which: RoutePhones) -> list[str]:
    """Return the numbers to dial, in order and without duplicates.

    :param which: all active phones, only external numbers, or internal numbers: see ``vendor_quirks``
    """
    found: list[str] = []
    for telephone in telephones:
        if which == "internal":
            found.append(telephone.internal_number)
        else:
            lines = telephone.lines
            found += [line for line in lines if which == "active" or _OUTSIDE.fullmatch(line)]
    return list(dict.fromkeys(dialled(phone) for phone in found))


def fallback_phones(typed: Iterable[str], region: str) -> dict[str, str | None]:
    """Return what is dialled for each fallback number of the settings; None for what is not surely a number.

    Short ones are internal numbers or logins of SIP lines, and stay as they are.

    :param region: country of numbers without a country code
    """
    return {one: phone_e164(one, region) or _internal(one) for one in typed}


def _internal(typed: str) -> str | None:
    digits = internal_number(typed)
    return digits if digits is not None and len(digits) <= _LONGEST_SIP_LOGIN else None


def answer(phones: Iterable[str]) -> dict[str, Any]:
    """Return the answer with these numbers."""
    dialled_phones = [dialled(phone) for phone in phones]
    return {"phones": dialled_phones} if dialled_phones else dict(NOBODY)
