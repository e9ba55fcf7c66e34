"""The two emulated sides: who is who, and how people change it."""

from dataclasses import dataclass
from typing import Any

from megaplan_hook.hook import MegaplanHook
from tests.emulators.uis_client import TOKEN

FIRST_EMPLOYEE = 1_000_000
"""Megaplan's employee of the place 0: has number 101, as UIS's employee 501 has; and so on up to 110 and 510."""


def uis_connection(url: str, **settings: Any) -> dict[str, Any]:
    """Return the Airflow connection that points at the emulated UIS."""
    return {"conn_type": "uis", "host": url, "extra": {"access_token": TOKEN, **settings}}


@dataclass
class TelephonySettings:
    """The page of Megaplan on which a director enters who telephones."""

    hook: MegaplanHook

    def give(self, employee_id: int, number: str) -> None:
        """Enter a number, or change it."""
        owner = {"contentType": "Employee", "id": str(employee_id)}
        body = {"contentType": "CallUserConfig", "employee": owner, "internalNumber": number}
        self.hook.request("POST", "/callUserConfig", body=body)

    def take_away(self, employee_id: int) -> None:
        """Remove somebody from the page."""
        self.hook.request("DELETE", f"/callUserConfig/Employee/{employee_id}")
