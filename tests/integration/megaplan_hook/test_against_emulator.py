"""The hook against the emulated account, in a process of its own, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from megaplan_hook.budget import LocalBudget
from megaplan_hook.exceptions import MegaplanNotFoundError, MegaplanTransportError, MegaplanValidationError
from megaplan_hook.hook import EXTRA_FIELDS_ENTITIES, MegaplanHook
from megaplan_hook.paging import ListPage, Order
from tests.integration.emulator_process import emulator_process

CREATED = Order("timeCreated")
UPDATED = Order("timeUpdated", descending=True)
FIELDS = {"fields": ["timeCreated", "timeUpdated", "name"], "onlyRequestedFields": True}


class Emulator:
    """Steers the emulated account behind the API's back."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = requests.request(method, f"{self.url}/_control/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all_ids(self, entity: str) -> set[str]:
        answer = requests.get(
            f"{self.url}/_control/state", params={"entity": entity, "fields": "id"}, timeout=10
        )
        return {str(row["id"]) for row in answer.json()}


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[Emulator]:
    arguments = ("--deals", "250", "--contacts", "120", "--knob", "rps=0", "--knob", "rph=0")
    with emulator_process("megaplan", *arguments) as url:
        yield Emulator(url)


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """The emulated account as the seed made it."""
    running_emulator.control("reset")
    return running_emulator


@pytest.fixture
def make_hook(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., MegaplanHook]]:
    hooks = []

    def make(extra: dict[str, Any] | None = None, **fields: Any) -> MegaplanHook:
        connection = {
            "conn_type": "megaplan",
            "host": emulator.url,
            "login": "demo@example.org",
            "password": "demo-password",
            "extra": extra or {},
            **fields,
        }
        monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_EMULATED", json.dumps(connection))
        budget = LocalBudget(1000, 100_000)
        hooks.append(MegaplanHook("megaplan_emulated", budget=budget, sleep=lambda seconds: None))
        return hooks[-1]

    yield make
    for hook in hooks:
        hook.get_conn().close()


@pytest.fixture
def hook(make_hook: Callable[..., MegaplanHook]) -> MegaplanHook:
    return make_hook()


def ids(pages: list[ListPage]) -> list[str]:
    return [str(row["id"]) for page in pages for row in page.items]


def test_the_connection_works(hook: MegaplanHook) -> None:
    works, message = hook.test_connection()
    assert works, message


def test_wrong_credentials(make_hook: Callable[..., MegaplanHook]) -> None:
    works, message = make_hook(password="wrong").test_connection()
    assert not works
    assert "check Login (e-mail) and Password" in message


@pytest.mark.parametrize("token_body", ["form", "json", "multipart"])
def test_every_encoding_of_the_token_request(make_hook: Callable[..., MegaplanHook], token_body: str) -> None:
    works, message = make_hook({"vendor_quirks": {"token_body": token_body}}).test_connection()
    assert works, message


@pytest.mark.parametrize("order", [CREATED, UPDATED, None], ids=["created", "updated", "no order"])
@pytest.mark.parametrize("emit_has_more", [True, False])
@pytest.mark.parametrize("inclusive", [True, False])
def test_all_deals_come_once(
    hook: MegaplanHook, emulator: Emulator, order: Order | None, emit_has_more: bool, inclusive: bool
) -> None:
    emulator.control("knobs", {"emit_has_more": emit_has_more, "page_after_inclusive": inclusive})
    pages = list(hook.pages("/deal", arguments=FIELDS, order=order, page_size=50))
    assert len(ids(pages)) == 250
    assert set(ids(pages)) == emulator.all_ids("deals")
    assert pages[-1].is_last
    # the login, the pages, and at most an empty one and its proof
    assert hook.requests_sent <= 1 + 5 + 2


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("expected_rows", [250, 240, 600, 0])
def test_a_full_last_page_costs_one_request_when_the_length_is_about_known(
    hook: MegaplanHook, emulator: Emulator, expected_rows: int, inclusive: bool
) -> None:
    emulator.control("knobs", {"emit_has_more": False, "page_after_inclusive": inclusive})
    hook.account_info()
    before = hook.requests_sent
    pages = list(
        hook.pages("/deal", arguments=FIELDS, order=CREATED, page_size=50, expected_rows=expected_rows)
    )
    assert len(ids(pages)) == 250
    assert set(ids(pages)) == emulator.all_ids("deals")
    assert hook.requests_sent - before == 5 + 1


@pytest.mark.parametrize("gone_cursor", ["404", "422", "empty", "restart"])
def test_the_deals_of_an_overlap_are_deleted(
    hook: MegaplanHook, emulator: Emulator, gone_cursor: str
) -> None:
    emulator.control("knobs", {"gone_cursor": gone_cursor})
    everything = emulator.all_ids("deals")
    pages = []
    for page in hook.pages("/deal", arguments=FIELDS, order=CREATED, page_size=50, expected_rows=250):
        pages.append(page)
        if len(pages) == 2:
            for row in page.data[-2:]:
                emulator.control("mutate", {"op": "delete_deal", "id": row["id"]})
    assert set(ids(pages)) == everything
    assert len(ids(pages)) == 250
    # the login, the pages, the one that shows the end, and one step back
    assert hook.requests_sent <= 1 + 5 + 1 + 1


def test_a_page_size_beyond_the_cap(hook: MegaplanHook) -> None:
    pages = list(hook.pages("/deal", arguments=FIELDS, order=CREATED, page_size=1000))
    assert len(ids(pages)) == 250
    assert hook.requests_sent == 1 + 3


@pytest.mark.parametrize("gone_cursor", ["404", "422", "empty", "restart"])
@pytest.mark.parametrize("order", [CREATED, UPDATED], ids=["created", "updated"])
def test_the_cursors_deal_is_deleted(
    hook: MegaplanHook, emulator: Emulator, gone_cursor: str, order: Order
) -> None:
    emulator.control("knobs", {"gone_cursor": gone_cursor})
    everything = emulator.all_ids("deals")
    pages = []
    for page in hook.pages("/deal", arguments=FIELDS, order=order, page_size=50):
        pages.append(page)
        if len(pages) == 2:
            for row in page.data[-2:]:
                emulator.control("mutate", {"op": "delete_deal", "id": row["id"]})
    assert set(ids(pages)) == everything
    assert len(ids(pages)) == 250
    assert hook.requests_sent <= 1 + 5 + 2 + 2


def test_the_cursors_deal_is_updated_in_a_descending_walk(hook: MegaplanHook, emulator: Emulator) -> None:
    pages = []
    for page in hook.pages("/deal", arguments=FIELDS, order=UPDATED, page_size=50):
        pages.append(page)
        if len(pages) in (2, 3):
            emulator.control(
                "mutate", {"op": "update_deal", "id": page.data[-1]["id"], "fields": {"name": "x"}}
            )
    assert set(ids(pages)) == emulator.all_ids("deals")


@pytest.mark.parametrize("gone_cursor", ["404", "422", "empty", "restart"])
def test_a_killed_walk_goes_on_from_its_trail(
    make_hook: Callable[..., MegaplanHook], emulator: Emulator, gone_cursor: str
) -> None:
    emulator.control("knobs", {"gone_cursor": gone_cursor})
    everything = emulator.all_ids("deals")
    walk = make_hook().pages("/deal", arguments=FIELDS, order=CREATED, page_size=50)
    first = [next(walk), next(walk)]
    trail = json.loads(json.dumps(first[-1].trail))
    emulator.control("mutate", {"op": "delete_deal", "id": trail[-1]["id"]})
    rest = list(make_hook().pages("/deal", arguments=FIELDS, order=CREATED, page_size=50, start=trail))
    assert set(ids(first + rest)) == everything
    assert len(ids(first + rest)) == 250


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "401", "expire_tokens": True},
        {"kind": "401"},
        {"kind": "429", "retry_after": "1"},
        {"kind": "500"},
        {"kind": "502"},
        {"kind": "empty"},
        {"kind": "truncated"},
        {"kind": "html"},
        {"kind": "reset"},
        {"kind": "close"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_a_fault_in_mid_walk_costs_nothing(
    hook: MegaplanHook, emulator: Emulator, fault: dict[str, Any]
) -> None:
    emulator.control("faults", [{**fault, "path": "/deal", "nth": 2, "count": 1}])
    pages = list(hook.pages("/deal", arguments=FIELDS, order=CREATED, page_size=50))
    assert len(ids(pages)) == len(set(ids(pages))) == 250


def test_a_write_that_failed_is_not_repeated(hook: MegaplanHook, emulator: Emulator) -> None:
    emulator.control("faults", [{"kind": "502", "path": "/deal/", "method": "POST", "count": 1}])
    deal = next(hook.pages("/deal", page_size=1)).items[0]
    with pytest.raises(MegaplanTransportError, match="HTML page, 502"):
        hook.request(
            "POST", f"/deal/{deal['id']}", body={"contentType": "Deal", "id": deal["id"], "name": "x"}
        )


def test_nouns(hook: MegaplanHook, emulator: Emulator) -> None:
    deal = next(hook.pages("/deal", page_size=1)).items[0]
    assert hook.deal(deal["id"])["id"] == deal["id"]
    assert hook.current_user()["contentType"] == "Employee"
    assert hook.account_info()["contentType"] == "AccountInfo"
    assert set(ids(list(hook.pages("/contractor")))) <= emulator.all_ids("contractors")
    assert set(ids(list(hook.employees()))) == emulator.all_ids("employees")
    programs = [row for page in hook.pages("/program") for row in page.items]
    assert hook.program_states(programs[0]["id"])
    for path in ("/department", "/currency", "/contractorAdvertisingWay", "/contractorType"):
        assert list(hook.pages(path))[-1].is_last
    for entity in EXTRA_FIELDS_ENTITIES:
        assert isinstance(hook.extra_fields(entity), list)
    contractor = next(hook.pages("/contractor", page_size=1)).items[0]
    assert hook.contractor(contractor["id"])["contentType"] == contractor["contentType"]
    assert [each["id"] for each in hook.entities_by_links([deal])] == [deal["id"]]
    with pytest.raises(MegaplanNotFoundError):
        hook.deal(99999999)
    with pytest.raises(MegaplanValidationError, match="have not this fields"):
        list(hook.pages("/deal", arguments={"fields": ["deadline"]}))


def test_contractors_by_kind(hook: MegaplanHook) -> None:
    mixed = set(ids(list(hook.pages("/contractor"))))
    kinds = ("/contractorHuman", "/contractorCompany")
    assert {each for kind in kinds for each in ids(list(hook.pages(kind, page_size=20)))} == mixed
