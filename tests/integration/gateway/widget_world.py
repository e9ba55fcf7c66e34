"""Employees and their widgets, with both emulated vendors and a running gateway."""

from typing import Any
from uuid import uuid4

import httpx
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_sync.kernel.json_text import send_json_as_it_is
from megaplan_sync.telephony.people.directories import save_directory
from tests.emulators.uis_client import Client as Uis

from .served import MEGAPLAN_SECRET, ServedGateway

SELLER, COLLEAGUE, STRANGER = 1_000_003, 1_000_004, 1_000_030
"""Megaplan employees; the first two are 504 and 505 in UIS, the third has no telephone."""
UIS_IDS = {SELLER: 504, COLLEAGUE: 505}
CLIENT = "+79161234567"


def fill_users(database: Connection[Any], account: str, statuses: list[dict[str, Any]]) -> None:
    """Match the first ten employees as megaplan_telephony_sync does, all of them available."""
    send_json_as_it_is(database)
    save_directory(database, account, "uis_statuses", statuses)
    database.cursor().executemany(
        """INSERT INTO telephony.users
          (account, employee_id, uis_employee_id, internal_number, uis_status_id, uis_status, do_not_disturb)
        VALUES (%s, %s, %s, %s, 1, 'available', false)""",
        [(account, 1_000_000 + offset, 501 + offset, str(101 + offset)) for offset in range(10)],
    )


class WidgetWorld:
    """Sends requests as a widget does."""

    def __init__(
        self, gateway: ServedGateway, megaplan: EmulatedMegaplan, uis: Uis, database: Connection[Any]
    ) -> None:
        self.gateway = gateway
        self.megaplan = megaplan
        self.uis = uis
        self.database = database

    def signature(self, employee: int) -> str:
        """Return an employee's signature as Megaplan passes it to a widget."""
        return str(self.megaplan.control(f"userSign?employee={employee}")["userSign"])

    def headers(self, employee: int | None, **more: str) -> dict[str, str]:
        """Return the headers that a browser on a Megaplan page sends."""
        signature = {} if employee is None else {"X-User-Sign": self.signature(employee)}
        return {"Origin": self.megaplan.url, **signature, **more}

    def path(self, route: str) -> str:
        """Return the path of a widget route."""
        return self.gateway.path(f"/widget/{route}", widget_key(MEGAPLAN_SECRET) or "")

    def state(self, employee: int) -> dict[str, Any]:
        """Return the state an employee's widget displays."""
        answer = self.gateway.client.get(self.path("state"), headers=self.headers(employee))
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()
        return state

    def send(self, route: str, employee: int, command_id: str | None = None, **what: Any) -> httpx.Response:
        """Send a command, with a new id unless one is given."""
        body = {"command_id": command_id or uuid4().hex, **what}
        return self.gateway.client.post(self.path(route), json=body, headers=self.headers(employee))

    def started_calls(self) -> list[dict[str, Any]]:
        """Return the successful ``start.employee_call`` requests from UIS's log."""
        log = self.uis.control("requests", method="GET")
        return [
            entry for entry in log if entry["method"] == "start.employee_call" and entry["call_session_id"]
        ]

    def request_count(self, method: str) -> int:
        """Return how many requests of a method UIS has received."""
        return sum(entry["method"] == method for entry in self.uis.control("requests", method="GET"))

    def commands(self) -> list[tuple[Any, ...]]:
        """Return kind, state and error of all commands."""
        return self.database.execute(
            "SELECT kind, state, error FROM telephony.commands ORDER BY taken_at"
        ).fetchall()
