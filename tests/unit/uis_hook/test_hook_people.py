"""Lists over real HTTP, page by page, and the employees in them."""

from __future__ import annotations

import pytest

from tests.unit.uis_hook.conftest import TOKEN, MakeHook
from tests.unit.uis_hook.fake_uis import Asked, FakeUis, Reply, error, result, table
from uis_hook.exceptions import (
    UisMissingParameterError,
    UisNotFoundError,
    UisPagingError,
    UisSortProhibitedError,
)
from uis_hook.hook import UisHook


def test_a_list_is_read_page_by_page(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.answer = table([{"id": number} for number in range(25, 0, -1)])
    found = make_hook({"page_size": 10}).employees(fields=("id",))
    assert [row["id"] for row in found] == list(range(1, 26))
    assert uis.asked()[0].params == {
        "access_token": TOKEN,
        "fields": ["id"],
        "limit": 10,
        "offset": 0,
        "sort": [{"field": "id", "order": "asc"}],
    }


def test_a_list_that_cannot_be_sorted_is_read_when_it_fits_on_a_page(
    make_hook: MakeHook, uis: FakeUis
) -> None:
    uis.answer = table([{"id": 3}, {"id": 1}], refuses_sort=True)
    assert [row["id"] for row in make_hook().virtual_numbers()] == [3, 1]
    with pytest.raises(UisPagingError, match="vendor_quirks") as caught:
        make_hook({"page_size": 1}).virtual_numbers()
    assert isinstance(caught.value.__cause__, UisSortProhibitedError)


def test_a_page_is_asked_for_only_when_it_is_wanted(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.answer = table([{"ext_id": str(number)} for number in range(10)])
    pages = make_hook({"page_size": 5}).deal_contacts()
    next(pages)
    assert len(uis.asked()) == 1


def test_a_status_is_found_by_its_mnemonic(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(
        result(
            [
                {"id": 7, "mnemonic": "do_not_disturb", "is_deleted": True},
                {"id": 8, "mnemonic": None},
                {"id": 33, "mnemonic": "do_not_disturb", "is_deleted": False},
            ],
            total=3,
        )
    )
    assert hook.status_id("do_not_disturb") == 33
    with pytest.raises(UisNotFoundError, match="available"):
        hook.status_id("available")


PHONE = {
    "phone_id": 9001,
    "phone_number": "0100001",
    "channels_count": 1,
    "dial_time": 30,
    "status": "active",
}
PRESENT = {"id": 501, "last_name": "Иванова", "phone_numbers": [PHONE]}


def strict(asked: Asked) -> Reply:
    """Require last_name and phone_numbers, as the vendor's table has it."""
    if asked.method == "get.employees":
        return result([PRESENT], total=1)
    for name in ("last_name", "phone_numbers"):
        if name not in asked.params:
            return error("required_parameter_missed", field=name)
    return result({})


@pytest.mark.parametrize(
    ("mode", "methods"),
    [
        ("given_then_full", ["update.employees", "get.employees", "update.employees"]),
        ("full", ["get.employees", "update.employees"]),
    ],
)
def test_an_update_brings_what_uis_misses(
    mode: str, methods: list[str], make_hook: MakeHook, uis: FakeUis
) -> None:
    uis.answer = strict
    hook = make_hook({"vendor_quirks": {"employee_update": mode}})
    hook.update_employee(501, status_id=3)
    assert [each.method for each in uis.asked()] == methods
    # what an account wants is learnt once
    hook.update_employee(501, status_id=3)
    assert [each.method for each in uis.asked()] == [*methods, "get.employees", "update.employees"]
    assert uis.asked()[-1].params == {
        "access_token": TOKEN,
        "id": 501,
        "last_name": "Иванова",
        "phone_numbers": [{name: value for name, value in PHONE.items() if name != "phone_id"}],
        "status_id": 3,
    }
    assert uis.asked("get.employees")[0].params["filter"] == {"field": "id", "operator": "=", "value": 501}


def test_an_update_that_may_be_partial_is_one_request(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.in_turn(result({}))
    make_hook().update_employee(501, status_id=3)
    assert uis.asked()[0].params == {"access_token": TOKEN, "id": 501, "status_id": 3}
    assert len(uis.asked()) == 1
    uis.answer = strict
    with pytest.raises(UisMissingParameterError, match="last_name"):
        make_hook({"vendor_quirks": {"employee_update": "given"}}).update_employee(501, status_id=3)


def test_an_update_of_nobody(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.answer = lambda asked: (
        result([], total=0) if asked.method == "get.employees" else error("required_parameter_missed")
    )
    with pytest.raises(UisNotFoundError, match="501"):
        make_hook().update_employee(501, status_id=3)
