"""The hook against the emulator: getting in, points, people, and bad moments."""

from __future__ import annotations

import pytest

from uis_hook.exceptions import (
    UisAddressNotAllowedError,
    UisComponentDisabledError,
    UisError,
    UisForbiddenError,
    UisLimitExceededError,
    UisLoginError,
    UisNotFoundError,
    UisTokenError,
)
from uis_hook.hook import UisHook
from uis_hook.staff import DO_NOT_DISTURB

from .emulated_cabinet import Emulator, MakeHook, SteeredClock


def test_the_test_button(hook: UisHook) -> None:
    is_good, told = hook.test_connection()
    assert is_good, told
    assert "100001" in told
    assert hook.limits is not None
    assert hook.limits.day is not None
    assert hook.limits.day.limit == 3500
    assert hook.limits.minute is not None
    assert hook.limits.minute.remaining == 199


@pytest.mark.parametrize("shape", ["list", "object"])
def test_the_account_comes_in_two_shapes(shape: str, emulator: Emulator, hook: UisHook) -> None:
    emulator.control("knobs", {"account_shape": shape})
    assert hook.account_info()["timezone"] == "Europe/Moscow"


@pytest.mark.parametrize(
    ("token", "error", "words"),
    [
        ("somebody-elses", UisTokenError, "brand"),
        ("uis-expired-token", UisTokenError, "new key"),
        ("uis-blocked-token", UisTokenError, "unblock"),
        ("uis-call-only-token", UisForbiddenError, "Data API and Call API are two rights"),
    ],
)
def test_refused_keys(token: str, error: type[UisError], words: str, make_hook: MakeHook) -> None:
    with pytest.raises(error, match=words) as caught:
        make_hook({"access_token": token}).account_info()
    assert token not in str(caught.value)


def test_refused_surroundings(emulator: Emulator, make_hook: MakeHook) -> None:
    emulator.control("knobs", {"ip_whitelist": "10.0.0.0/8"})
    with pytest.raises(UisAddressNotAllowedError, match="public address"):
        make_hook().account_info()
    emulator.control("knobs", {"ip_whitelist": "0.0.0.0/0", "disabled_components": "sales_funnel"})
    with pytest.raises(UisComponentDisabledError):
        make_hook().sales_funnels()
    with pytest.raises(UisLoginError):
        make_hook({"access_token": ""}, login="demo", password="wrong").account_info()


@pytest.mark.parametrize("key", ["expire_at", "expire"])
def test_a_session_key_is_replaced_when_it_expires(key: str, emulator: Emulator, make_hook: MakeHook) -> None:
    emulator.control("knobs", {"login_expiry_key": key})
    hook = make_hook({"access_token": ""}, login="demo", password="demo-password")
    hook.account_info()
    hook.account_info()
    assert len(emulator.requests("login.user")) == 1
    emulator.control("clock", {"advance": 3700})
    assert hook.account_info()["app_id"] == 100001
    assert len(emulator.requests("login.user")) == 2
    assert hook.calls_in_progress() == []
    assert len(emulator.requests("login.user")) == 3


@pytest.mark.parametrize("schema", ["day_minute", "empty"])
def test_a_used_up_minute_costs_time_and_no_error(
    schema: str, emulator: Emulator, clock: SteeredClock, hook: UisHook
) -> None:
    emulator.control("knobs", {"minute_limit": 3, "limits_schema": schema})
    for _ in range(5):
        hook.account_info()
    assert 1 <= len(clock.slept) <= 2
    assert len([entry for entry in emulator.requests("get.account") if entry["mnemonic"] is None]) == 5
    refused = [entry for entry in emulator.requests("get.account") if entry["mnemonic"] == "limit_exceeded"]
    # with the account's own numbers at hand, nothing is sent in vain
    assert len(refused) == (0 if schema == "day_minute" else 1)


def test_a_used_up_day_is_refused_with_the_time_of_new_points(
    emulator: Emulator, make_hook: MakeHook
) -> None:
    hook = make_hook()
    emulator.control("knobs", {"day_limit": 2})
    hook.account_info()
    hook.account_info()
    with pytest.raises(UisLimitExceededError, match="per day") as caught:
        hook.account_info()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 90
    assert len(emulator.requests("get.account")) == 2
    # a new hook knows nothing yet and is told by UIS
    with pytest.raises(UisLimitExceededError) as told:
        make_hook().account_info()
    assert told.value.period == "day"


def test_people(hook: UisHook) -> None:
    employees = hook.employees()
    assert [employee["id"] for employee in employees] == list(range(501, 511))
    assert employees[0]["extension"]["extension_phone_number"] == "101"
    assert [status["mnemonic"] for status in hook.statuses()][:3] == ["available", "break", "do_not_disturb"]
    assert hook.virtual_numbers()[0]["virtual_phone_number"] == "74950000001"


def test_pages_of_any_size_give_the_same_people(make_hook: MakeHook) -> None:
    everybody = make_hook().employees()
    for page_size in (1, 3, 10):
        assert make_hook({"page_size": page_size}).employees() == everybody


@pytest.mark.parametrize("requires_full", [True, False])
def test_do_not_disturb(requires_full: bool, emulator: Emulator, hook: UisHook) -> None:
    emulator.control("knobs", {"update_employees_requires_full": requires_full})
    before = hook.employees(filter={"field": "id", "operator": "=", "value": 504})[0]
    quiet = hook.status_id(DO_NOT_DISTURB)
    hook.update_employee(504, status_id=quiet)
    after = hook.employees(filter={"field": "id", "operator": "=", "value": 504})[0]
    # nothing but the status has changed, phones least of all
    assert after == {**before, "status_id": quiet}
    with pytest.raises(UisNotFoundError):
        hook.update_employee(999, status_id=quiet)


@pytest.mark.parametrize(
    "kind", ["429", "500", "502", "503", "empty", "truncated", "cut", "html", "reset", "close"]
)
def test_reading_gets_over_a_bad_moment(kind: str, emulator: Emulator, hook: UisHook) -> None:
    emulator.control("faults", {"kind": kind, "method": "get.employees", "count": 1})
    assert len(hook.employees()) == 10
    assert emulator.control("faults")[0]["fired"] == 1


def test_sessions_that_end_in_the_middle_of_a_list(emulator: Emulator, make_hook: MakeHook) -> None:
    hook = make_hook({"access_token": "", "page_size": 3}, login="demo", password="demo-password")
    emulator.control("faults", {"kind": "expire_sessions", "method": "get.employees", "nth": 2, "count": 1})
    assert len(hook.employees()) == 10
    assert len(emulator.requests("login.user")) == 2
