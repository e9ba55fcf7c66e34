"""What is asked about employees."""

from __future__ import annotations

from tests.unit.uis_hook.conftest import settings
from uis_hook.staff import statuses, update_employee, with_required_fields

PHONE = {
    "phone_id": 9001,
    "phone_number": "0100001",
    "channels_count": 1,
    "dial_time": 30,
    "status": "active",
}


def test_an_update_brings_what_uis_misses() -> None:
    present = {"id": 501, "last_name": "Иванова", "phone_numbers": [PHONE]}
    assert update_employee(501, with_required_fields(present, {"status_id": 3})).params == {
        "id": 501,
        "last_name": "Иванова",
        "phone_numbers": [{name: value for name, value in PHONE.items() if name != "phone_id"}],
        "status_id": 3,
    }


def test_directories_are_sorted_as_the_connection_says() -> None:
    assert statuses(settings()).sort_field == "id"
    by_name = settings(vendor_quirks={"directories_sort_field": "name"})
    assert statuses(by_name).sort_field == "name"
