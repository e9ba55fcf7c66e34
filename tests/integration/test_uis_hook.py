"""The hook against the emulated telephony account, in a process of its own, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from uis_hook.deals import DealContact, DealRecord, FinalStage, Stage
from uis_hook.exceptions import (
    UisAddressNotAllowedError,
    UisCallStateError,
    UisComponentDisabledError,
    UisDuplicateError,
    UisError,
    UisForbiddenError,
    UisLimitExceededError,
    UisLoginError,
    UisNotFoundError,
    UisTokenError,
    UisTransportError,
)
from uis_hook.hook import UisHook
from uis_hook.paging import Page
from uis_hook.points import LocalPoints
from uis_hook.staff import DO_NOT_DISTURB

CHECKOUT = Path(__file__).parents[2]
TOKEN = "uis-demo-token"
CONTACT = "79000000001"
MakeHook = Callable[..., UisHook]


class Emulator:
    """Steers the emulated account behind the APIs' back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.first_knobs = self.control("knobs")

    def control(self, path: str, body: Any = None, method: str | None = None) -> Any:
        method = method or ("GET" if body is None else "POST")
        answer = requests.request(method, f"{self.url}/_control/{path}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def requests(self, method: str) -> list[dict[str, Any]]:
        return [entry for entry in self.control("requests") if entry["method"] == method]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.control("clock")["timestamp"], UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    process = subprocess.Popen(
        [sys.executable, "-m", "emulators.uis", "--port", "0", "--employees", "10"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Emulator(process.stdout.readline().split()[-1])
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """The account as it is at first, its clock standing still."""
    running.control("faults", method="DELETE")
    running.control("reset", {})
    running.control("requests", method="DELETE")
    running.control("clock", {"frozen": True})
    running.control("knobs", running.first_knobs)
    return running


class SteeredClock:
    """Sleeping moves the emulated account's time, too."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.emulator.control("clock", {"advance": seconds})


@pytest.fixture
def clock(emulator: Emulator) -> SteeredClock:
    """The clock of the hooks; nobody really sleeps."""
    return SteeredClock(emulator)


@pytest.fixture
def make_hook(emulator: Emulator, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeHook]:
    hooks: list[UisHook] = []

    def make(extra: dict[str, Any] | None = None, **fields: Any) -> UisHook:
        settings = {"access_token": TOKEN, "virtual_phone_number": "74950000001", **(extra or {})}
        connection = {"conn_type": "uis", "host": emulator.url, "extra": settings, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(connection))
        hooks.append(UisHook(points=LocalPoints(90, clock, clock.sleep), sleep=clock.sleep))
        return hooks[-1]

    yield make
    for hook in hooks:
        hook.close()


@pytest.fixture
def hook(make_hook: MakeHook) -> UisHook:
    return make_hook()


def rows(pages: Iterator[Page]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.rows]


# -- getting in


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


# -- points


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


# -- people


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


# -- deals

FUNNEL = "mp-prog-3"


def prepare(hook: UisHook) -> None:
    hook.create_sales_funnel(
        FUNNEL,
        "Продажи",
        success=FinalStage("mp-won", "Успех"),
        failed=FinalStage("mp-lost", "Отказ"),
        in_process=[Stage("mp-new", "Новая", 10), Stage("mp-talk", "Согласование", 20)],
    )
    hook.create_deal_employee("mp-e-5", "Иванова Анна")
    hook.create_deal_contacts(
        [DealContact("mp-c-77", "Пётр Смирнов", ("+7 900 000-00-01",), ("p@example.test",))]
    )
    hook.create_deal_user_field("mp_currency", "Валюта", "string")


def deal(now: datetime, number: int = 1, **changes: Any) -> DealRecord:
    fields: dict[str, Any] = {
        "ext_id": f"mp-deal-{number}",
        "name": f"Поставка {number}",
        "created_at": now - timedelta(days=3, minutes=number),
        "stage_moved_at": now - timedelta(days=2),
        "sales_funnel_ext_id": FUNNEL,
        "stage_ext_id": "mp-new",
        "contact_ext_ids": ("mp-c-77",),
        "main_contact_ext_id": "mp-c-77",
        "employee_ext_id": "mp-e-5",
        "revenue": Decimal("150000.50"),
        "user_fields": {"mp_currency": "RUB"},
    }
    return DealRecord(**{**fields, **changes})


def test_deals_travel_to_the_cabinet_and_back(emulator: Emulator, hook: UisHook) -> None:
    prepare(hook)
    now = emulator.now()
    hook.upload_deals_history([deal(now), deal(now, 2, revenue=Decimal(7))], now=now)
    assert hook.deals_in_processing() == 2
    assert rows(hook.deals(now - timedelta(days=30), now)) == []
    emulator.control("clock", {"advance": 60})
    assert hook.deals_in_processing() == 0
    found = {row["deal_ext_id"]: row for row in rows(hook.deals(now - timedelta(days=30), now))}
    assert set(found) == {"mp-deal-1", "mp-deal-2"}
    assert found["mp-deal-1"]["deal_revenue"] == 150000.5
    assert found["mp-deal-1"]["deal_contact_phone_numbers"] == [CONTACT]
    assert found["mp-deal-1"]["deal_current_stage"] == "Новая"
    created = hook.moment(found["mp-deal-1"]["deal_date_time"])
    assert created == (now - timedelta(days=3, minutes=1)).replace(microsecond=0)

    moved = deal(now, stage_ext_id="mp-won", stage_moved_at=now, closed_at=now)
    hook.upload_deals_history([moved], now=now)
    emulator.control("clock", {"advance": 60})
    history = [row for row in rows(hook.deals_history(page_size=2)) if row["ext_id"] == "mp-deal-1"]
    assert {row["stage_ext_id"] for row in history} >= {"mp-new", "mp-won"}
    hook.delete_deal("mp-deal-1")
    assert {row["ext_id"] for row in rows(hook.deals_history())} == {"mp-deal-2"}


def test_what_deals_point_at_is_made_once(hook: UisHook) -> None:
    prepare(hook)
    with pytest.raises(UisDuplicateError):
        hook.create_deal_employee("mp-e-5", "Иванова Анна")
    with pytest.raises(UisDuplicateError) as caught:
        hook.create_deal_contacts([DealContact("mp-c-78", "X"), DealContact("mp-c-77", "Y")])
    assert caught.value.field == "contacts.1.ext_id"
    hook.rename_deal_employee("mp-e-5", "Иванова Мария")
    assert hook.deal_employees() == [{"ext_id": "mp-e-5", "name": "Иванова Мария"}]
    hook.update_deal_contact(DealContact("mp-c-77", "Пётр", ("+79000000002",)))
    (contact,) = rows(hook.deal_contacts())
    assert (contact["name"], contact["phone_numbers"], contact["emails"]) == ("Пётр", ["79000000002"], [])
    assert hook.deal_user_fields() == [{"ext_id": "mp_currency", "name": "Валюта", "data_type": "string"}]


def test_a_funnel_changes(hook: UisHook) -> None:
    prepare(hook)
    hook.rename_sales_funnel(FUNNEL, "Продажи 2")
    hook.create_stage(FUNNEL, Stage("mp-late", "Поздно", 30))
    hook.update_stage(FUNNEL, "mp-late", name="Ждём", order=5)
    hook.delete_stage(FUNNEL, "mp-talk")
    (funnel,) = hook.sales_funnels()
    assert funnel["name"] == "Продажи 2"
    assert [(stage["stage_ext_id"], stage["stage_name"]) for stage in funnel["stages"]] == [
        ("mp-late", "Ждём"),
        ("mp-new", "Новая"),
        ("mp-won", "Успех"),
        ("mp-lost", "Отказ"),
    ]


def test_one_bad_deal_fails_the_upload_and_is_named(emulator: Emulator, hook: UisHook) -> None:
    prepare(hook)
    now = emulator.now()
    with pytest.raises(UisNotFoundError) as caught:
        hook.upload_deals_history([deal(now), deal(now, 2, stage_ext_id="nowhere")], now=now)
    assert caught.value.field == "deals.1.stage_ext_id"
    emulator.control("clock", {"advance": 60})
    assert rows(hook.deals_history()) == []


def test_an_upload_whose_answer_got_lost_is_not_repeated(emulator: Emulator, hook: UisHook) -> None:
    prepare(hook)
    now = emulator.now()
    emulator.control("faults", {"kind": "close", "method": "upload.deals_history", "processed": True})
    with pytest.raises(UisTransportError) as caught:
        hook.upload_deals_history([deal(now)], now=now)
    assert caught.value.maybe_accepted
    assert len(emulator.requests("upload.deals_history")) == 1
    emulator.control("clock", {"advance": 60})
    assert len(rows(hook.deals_history())) == 1


def test_a_thousand_deals_read_in_pages(emulator: Emulator, make_hook: MakeHook) -> None:
    hook = make_hook({"page_size": 70})
    prepare(hook)
    now = emulator.now()
    # many were created in the same second, so that pages end among equals
    many = [
        deal(now, number, created_at=now - timedelta(days=5, seconds=number // 9)) for number in range(1000)
    ]
    hook.upload_deals_history(many, now=now)
    emulator.control("clock", {"advance": 60})
    found = [row["deal_ext_id"] for row in rows(hook.deals(now - timedelta(days=400), now))]
    assert len(found) == 1000
    assert set(found) == {record.ext_id for record in many}


def test_the_columns_of_deals_hold_the_user_fields(hook: UisHook) -> None:
    prepare(hook)
    assert "Валюта" in json.dumps(hook.columns_tree("deals"), ensure_ascii=False)


# -- calls


def play(emulator: Emulator, **spec: Any) -> int:
    (played,) = emulator.control("calls", {"time": "virtual", **spec})
    return int(played["id"])


def load(emulator: Emulator, count: int, **spec: Any) -> None:
    emulator.control("mutate", {"op": "load_calls", "count": count, **spec})


def test_a_finished_call_with_its_recording(emulator: Emulator, hook: UisHook) -> None:
    start = emulator.now() - timedelta(hours=1)
    number = play(emulator, kind="incoming_answered", contact=CONTACT, employee=501, start=start.timestamp())
    (call,) = rows(hook.calls_report(start - timedelta(hours=1), emulator.now()))
    assert (call["id"], call["direction"], call["is_lost"]) == (number, "in", False)
    assert call["contact_phone_number"] == CONTACT
    assert call["last_talked_employee_id"] == 501
    assert hook.moment(call["start_time"]) == start.replace(microsecond=0)
    answer = requests.get(hook.record_url(call["id"], call["call_records"][0]), timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert len(answer.content) > 100
    legs = rows(hook.call_legs_report(start - timedelta(hours=1), emulator.now()))
    assert {leg["call_session_id"] for leg in legs} == {number}
    assert 501 in {leg["employee_id"] for leg in legs}


@pytest.mark.parametrize("page_size", [7, 1000])
def test_a_report_over_half_a_year(page_size: int, emulator: Emulator, make_hook: MakeHook) -> None:
    span = 200 * 86400
    load(emulator, 120, span_s=span)
    now = emulator.now()
    hook = make_hook({"page_size": page_size})
    pages = list(hook.calls_report(now - timedelta(days=210), now))
    found = [row["id"] for page in pages for row in page.rows]
    assert len(found) == len(set(found)) == 120
    assert set(found) == {call["id"] for call in emulator.control("calls")}
    assert [page.is_last for page in pages].count(True) == 1
    asked = [entry["params"] for entry in emulator.requests("get.calls_report")]
    assert {entry["mnemonic"] for entry in emulator.requests("get.calls_report")} == {None}
    assert len({(params["date_from"], params["date_till"]) for params in asked}) == 7


def test_calls_that_began_in_one_second_are_all_read(emulator: Emulator, make_hook: MakeHook) -> None:
    start = emulator.now() - timedelta(hours=2)
    load(emulator, 40, span_s=4, start=start.timestamp())
    found = [
        row["id"]
        for row in rows(make_hook({"page_size": 15}).calls_report(start - timedelta(1), emulator.now()))
    ]
    assert len(found) == len(set(found)) == 40


def test_click_to_call_and_hang_up(emulator: Emulator, hook: UisHook) -> None:
    number = hook.start_employee_call(
        employee_id=501, contact="+7 900 000-00-01", external_id="mp-call-55", show_virtual_phone_number=False
    )
    (going_on,) = hook.calls_in_progress()
    assert going_on["call_session_id"] == number
    assert (going_on["direction"], going_on["contact_phone_number"]) == ("out", CONTACT)
    assert hook.call_by_external_id("mp-call-55") == number
    assert hook.moment(going_on["start_time"]) == emulator.now().replace(
        microsecond=emulator.now().microsecond // 1000 * 1000
    )
    emulator.control("clock", {"advance": 20})
    hook.release_call(number)
    assert hook.calls_in_progress() == []
    with pytest.raises(UisCallStateError, match="over"):
        hook.release_call(number)
    emulator.control("clock", {"advance": 20})
    (call,) = rows(hook.calls_report(emulator.now() - timedelta(hours=1), emulator.now()))
    assert (call["id"], call["source"], call["call_api_external_id"]) == (number, "callapi", "mp-call-55")


@pytest.mark.parametrize("kind", ["close", "reset", "502", "empty", "html", "truncated", "cut"])
def test_a_call_whose_answer_got_lost_is_made_once_and_found_again(
    kind: str, emulator: Emulator, hook: UisHook
) -> None:
    emulator.control("faults", {"kind": kind, "method": "start.employee_call", "processed": True})
    with pytest.raises(UisError) as caught:
        hook.start_employee_call(employee_id=501, contact=CONTACT, external_id="mp-call-56")
    assert caught.value.maybe_accepted
    assert len(emulator.requests("start.employee_call")) == 1
    number = hook.call_by_external_id("mp-call-56")
    assert [call["id"] for call in emulator.control("calls")] == [number]


def test_a_call_that_uis_answers_too_late_is_made_once(emulator: Emulator, make_hook: MakeHook) -> None:
    hook = make_hook({"read_timeout_seconds": 0.3})
    emulator.control(
        "faults", {"kind": "slow", "seconds": 1, "method": "start.employee_call", "processed": True}
    )
    with pytest.raises(UisTransportError, match="no answer in time"):
        hook.start_employee_call(employee_id=501, contact=CONTACT, external_id="mp-call-57")
    assert len(emulator.control("calls")) == 1
    assert hook.call_by_external_id("mp-call-57") is not None


def test_an_expired_session_does_not_cost_a_call(emulator: Emulator, make_hook: MakeHook) -> None:
    hook = make_hook({"access_token": ""}, login="demo", password="demo-password")
    assert hook.calls_in_progress() == []
    emulator.control("clock", {"advance": 3700})
    hook.start_employee_call(employee_id=501, contact=CONTACT, external_id="mp-call-58")
    assert len(emulator.control("calls")) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"employee_id": 999}, UisNotFoundError),
        ({"virtual_phone_number": "74999999999"}, UisNotFoundError),
        ({"employee_phone_number": "79999999999"}, UisError),
    ],
)
def test_a_refused_call_rings_nobody(
    changes: dict[str, Any], error: type[UisError], emulator: Emulator, hook: UisHook
) -> None:
    with pytest.raises(error):
        hook.start_employee_call(
            **{"employee_id": 501, "contact": CONTACT, "external_id": "mp-call-59", **changes}
        )
    assert emulator.control("calls") == []


def test_the_rights_of_the_two_apis_are_apart(make_hook: MakeHook) -> None:
    hook = make_hook({"access_token": "uis-data-only-token"})
    hook.account_info()
    with pytest.raises(UisForbiddenError):
        hook.calls_in_progress()


# -- faults


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
