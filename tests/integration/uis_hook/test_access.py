"""The hook against the emulator: getting in, points, people, and bad moments."""

from __future__ import annotations

from typing import Any

import pytest

from uis_hook.call_control import list_calls
from uis_hook.client import UisClient
from uis_hook.deals import sales_funnels
from uis_hook.exceptions import (
    UisAddressNotAllowedError,
    UisComponentDisabledError,
    UisError,
    UisForbiddenError,
    UisLimitExceededError,
    UisLoginError,
    UisMissingParameterError,
    UisNotFoundError,
    UisTokenError,
)
from uis_hook.hook import UisHook
from uis_hook.staff import (
    DO_NOT_DISTURB,
    account,
    employees,
    statuses,
    update_employee,
    virtual_numbers,
    with_required_fields,
)

from .emulated_cabinet import Emulator, MakeClient, SteeredClock


def people(client: UisClient, **only: int) -> list[dict[str, Any]]:
    chosen = [{"field": name, "operator": "=", "value": value} for name, value in only.items()]
    return list(client.rows(employees(client.settings, filter=chosen[0] if chosen else None)))


def test_the_test_button(hook: UisHook) -> None:
    is_good, told = hook.test_connection()
    client = hook.client
    assert is_good, told
    assert "100001" in told
    assert client.limits is not None
    assert client.limits.day is not None
    assert client.limits.day.limit == 3500
    assert client.limits.minute is not None
    assert client.limits.minute.remaining == 199


@pytest.mark.parametrize("shape", ["list", "object"])
def test_the_account_comes_in_two_shapes(shape: str, emulator: Emulator, client: UisClient) -> None:
    emulator.control("knobs", {"account_shape": shape})
    assert client.ask(account())["timezone"] == "Europe/Moscow"


@pytest.mark.parametrize(
    ("token", "error", "words"),
    [
        ("somebody-elses", UisTokenError, "brand"),
        ("uis-expired-token", UisTokenError, "new key"),
        ("uis-blocked-token", UisTokenError, "unblock"),
        ("uis-call-only-token", UisForbiddenError, "Data API and Call API are two rights"),
    ],
)
def test_refused_keys(token: str, error: type[UisError], words: str, make_client: MakeClient) -> None:
    with pytest.raises(error, match=words) as caught:
        make_client({"access_token": token}).ask(account())
    assert token not in str(caught.value)


def test_refused_surroundings(emulator: Emulator, make_client: MakeClient) -> None:
    emulator.control("knobs", {"ip_whitelist": "10.0.0.0/8"})
    with pytest.raises(UisAddressNotAllowedError, match="public address"):
        make_client().ask(account())
    emulator.control("knobs", {"ip_whitelist": "0.0.0.0/0", "disabled_components": "sales_funnel"})
    with pytest.raises(UisComponentDisabledError):
        list(make_client().rows(sales_funnels()))
    with pytest.raises(UisLoginError):
        make_client({"access_token": ""}, login="demo", password="wrong").ask(account())


@pytest.mark.parametrize("key", ["expire_at", "expire"])
def test_a_session_key_is_replaced_when_it_expires(
    key: str, emulator: Emulator, make_client: MakeClient
) -> None:
    emulator.control("knobs", {"login_expiry_key": key})
    client = make_client({"access_token": ""}, login="demo", password="demo-password")
    client.ask(account())
    client.ask(account())
    assert len(emulator.requests("login.user")) == 1
    emulator.control("clock", {"advance": 3700})
    assert client.ask(account())["app_id"] == 100001
    assert len(emulator.requests("login.user")) == 2
    assert client.ask(list_calls()) == []
    assert len(emulator.requests("login.user")) == 3


@pytest.mark.parametrize("schema", ["day_minute", "empty"])
def test_a_used_up_minute_costs_time_and_no_error(
    schema: str, emulator: Emulator, clock: SteeredClock, client: UisClient
) -> None:
    emulator.control("knobs", {"minute_limit": 3, "limits_schema": schema})
    for _ in range(5):
        client.ask(account())
    assert 1 <= len(clock.slept) <= 2
    assert len([entry for entry in emulator.requests("get.account") if entry["mnemonic"] is None]) == 5
    refused = [entry for entry in emulator.requests("get.account") if entry["mnemonic"] == "limit_exceeded"]
    # with the account's own numbers at hand, nothing is sent in vain
    assert len(refused) == (0 if schema == "day_minute" else 1)


def test_a_used_up_day_is_refused_with_the_time_of_new_points(
    emulator: Emulator, make_client: MakeClient
) -> None:
    client = make_client()
    emulator.control("knobs", {"day_limit": 2})
    client.ask(account())
    client.ask(account())
    with pytest.raises(UisLimitExceededError, match="per day") as caught:
        client.ask(account())
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 90
    assert len(emulator.requests("get.account")) == 2
    # a new hook knows nothing yet and is told by UIS
    with pytest.raises(UisLimitExceededError) as told:
        make_client().ask(account())
    assert told.value.period == "day"


def test_people(client: UisClient) -> None:
    found = list(client.rows(employees(client.settings)))
    assert [employee["id"] for employee in found] == list(range(501, 511))
    assert found[0]["extension"]["extension_phone_number"] == "101"
    mnemonics = [status["mnemonic"] for status in client.rows(statuses(client.settings))]
    assert mnemonics[:3] == ["available", "break", "do_not_disturb"]
    numbers = client.rows(virtual_numbers(client.settings))
    assert next(numbers)["virtual_phone_number"] == "74950000001"


def test_pages_of_any_size_give_the_same_people(make_client: MakeClient) -> None:
    everybody = people(make_client())
    for page_size in (1, 3, 10):
        assert people(make_client({"page_size": page_size})) == everybody


@pytest.mark.parametrize("requires_full", [True, False])
def test_a_status_is_changed_and_nothing_else(
    requires_full: bool, emulator: Emulator, client: UisClient
) -> None:
    emulator.control("knobs", {"update_employees_requires_full": requires_full})
    (before,) = people(client, id=504)
    quiet = next(
        status["id"]
        for status in client.rows(statuses(client.settings))
        if status["mnemonic"] == DO_NOT_DISTURB
    )
    change = with_required_fields(before, {"status_id": quiet}) if requires_full else {"status_id": quiet}
    client.ask(update_employee(504, change))
    # nothing but the status has changed, phones least of all
    assert people(client, id=504) == [{**before, "status_id": quiet}]
    if requires_full:
        with pytest.raises(UisMissingParameterError):
            client.ask(update_employee(504, {"status_id": quiet}))
    with pytest.raises(UisNotFoundError):
        client.ask(update_employee(999, change))


@pytest.mark.parametrize(
    "kind", ["429", "500", "502", "503", "empty", "truncated", "cut", "html", "reset", "close"]
)
def test_reading_gets_over_a_bad_moment(kind: str, emulator: Emulator, client: UisClient) -> None:
    emulator.control("faults", {"kind": kind, "method": "get.employees", "count": 1})
    assert len(people(client)) == 10
    assert emulator.control("faults")[0]["fired"] == 1


def test_sessions_that_end_in_the_middle_of_a_list(emulator: Emulator, make_client: MakeClient) -> None:
    client = make_client({"access_token": "", "page_size": 3}, login="demo", password="demo-password")
    emulator.control("faults", {"kind": "expire_sessions", "method": "get.employees", "nth": 2, "count": 1})
    assert len(people(client)) == 10
    assert len(emulator.requests("login.user")) == 2
