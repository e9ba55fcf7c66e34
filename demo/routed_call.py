"""A client calls a number whose scenario asks whose telephone to ring: only the responsible manager's rings."""

from typing import NamedTuple

import psycopg

from demo.emulated_uis import EmulatedUis
from demo.promises import BrokenPromiseError, Promise

_ASKING_NUMBER = "74950000002"
"""The emulated cabinet's number with interactive processing."""


class ResponsibleManager(NamedTuple):
    """Whose telephone should ring, and for which client.

    :ivar phone: of the client, digits only
    """

    name: str
    uis_employee_id: int
    client: str
    phone: str


def some_manager(raw_database_uri: str) -> ResponsibleManager:
    """Return a manager with a telephone in UIS, and a client of this manager alone."""
    with psycopg.connect(raw_database_uri) as connection:
        found = connection.execute(
            "SELECT employees.name, users.uis_employee_id, contacts.name, ltrim(points.phone_e164, '+')"
            " FROM telephony.users"
            " JOIN megaplan_raw.employees ON (employees.account, employees.id) = (users.account, users.employee_id)"
            " JOIN megaplan_raw.contacts ON contacts.account = users.account"
            "  AND contacts.responsible_ids = ARRAY[users.employee_id] AND contacts.deleted_at IS NULL"
            " JOIN megaplan_raw.contact_points AS points ON points.account = contacts.account"
            "  AND points.contact_id = contacts.id AND points.deleted_at IS NULL"
            " WHERE users.lines <> '{}' AND 1 = ("
            "  SELECT count(*) FROM megaplan_raw.contact_points AS others"
            "  WHERE others.account = points.account AND others.phone_e164 = points.phone_e164)"
            " ORDER BY contacts.id LIMIT 1"
        ).fetchone()
    if found is None:
        raise BrokenPromiseError("no client in megaplan_raw has a responsible manager with a telephone")
    return ResponsibleManager(*found)


class RoutedCall:
    """One incoming call that UIS asks the gateway about.

    :param route_url: where UIS asks
    """

    def __init__(self, uis: EmulatedUis, manager: ResponsibleManager, route_url: str) -> None:
        self._uis = uis
        self._manager = manager
        uis.control("knobs", {"interactive_url": route_url})
        self._number = uis.play(
            kind="incoming", virtual_number=_ASKING_NUMBER, contact=manager.phone, employee_answers=1, talk=1
        )

    def promise(self) -> Promise:
        """Return what is expected."""
        return Promise("the call that is forwarded to the responsible manager", self._look)

    def _look(self) -> str | None:
        call = self._uis.call(self._number)
        if call["finished"] is None:
            return None
        rung = {leg["employee_id"] for leg in call["legs"] if leg["employee_id"] is not None}
        if rung != {self._manager.uis_employee_id}:
            raise BrokenPromiseError(
                f"call {self._number} rang employees {sorted(rung)}, not {self._manager.uis_employee_id} alone"
            )
        return (
            f"{self._manager.client} calls the number that asks whom to ring: the telephone of "
            f"{self._manager.name}, the responsible manager, rings alone."
        )
