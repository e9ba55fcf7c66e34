"""Calls that the Call API starts, for the tests of the emulator."""

from typing import Any

from tests.emulators.uis_client import Client


def click(uis: Client, **changes: Any) -> dict[str, Any]:
    """Return the parameters of a click-to-call."""
    return {
        "first_call": "employee",
        "virtual_phone_number": "74950000001",
        "contact": "79005556677",
        "direction": "out",
        "external_id": "mp-call-55",
        "employee": {"id": 501, "phone_number": "101"},
        **changes,
    }


def start(uis: Client, people: dict[str, Any] | None = None, **changes: Any) -> int:
    """Start a click-to-call whose people behave as told; returns the session's id."""
    uis.mutate(
        "next_api_call", **({"employee_answers": 2, "contact_answers": 5, "talk": None} | (people or {}))
    )
    id: int = uis.call("start.employee_call", **click(uis, **changes))["call_session_id"]
    return id


def talking(uis: Client) -> int:
    """Return the id of a call in which both sides talk."""
    id = start(uis)
    uis.advance(10)
    assert uis.truth(id)["state"] == "TALK"
    return id
