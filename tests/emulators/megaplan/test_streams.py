"""Event streams: what is told, to whom, in which order, and what becomes of it when nobody takes it."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from emulators.megaplan.account import Account
from emulators.megaplan.knobs import Knobs
from emulators.megaplan.server import Server
from tests.emulators.hook_receiver import HookReceiver
from tests.emulators.megaplan_client import Client

EVERY_STREAM = ["deals", "contractors", "employees", "events", "comments"]


@pytest.fixture
def receiver(megaplan: Client) -> Iterator[HookReceiver]:
    receiver = HookReceiver()
    megaplan.control("knobs", {"hook_retry_s": 0.02})
    megaplan.request(
        "PUT",
        "/integration/demo-application",
        json={"streamUri": receiver.url, "subscribedStreams": EVERY_STREAM},
    ).raise_for_status()
    yield receiver
    receiver.stop()


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(event["model"], event["event"], event["data"]["id"]) for event in events]


def rename(megaplan: Client, id: int, name: str) -> None:
    megaplan.mutate(op="update_deal", id=id, fields={"name": name})


def deal_ids(megaplan: Client) -> list[int]:
    return [int(row["id"]) for row in megaplan.rows("/deal", limit=5)]


def waiting(megaplan: Client) -> int:
    hooks: dict[str, int] = requests.get(f"{megaplan.url}/_control/hooks", timeout=10).json()
    return hooks["waiting"]


def wait_until_all_is_told(megaplan: Client) -> None:
    """Wait for the last event's answer: it counts as waiting until then, although the receiver has it."""
    until = time.monotonic() + 10
    while waiting(megaplan) and time.monotonic() < until:
        time.sleep(0.02)
    assert waiting(megaplan) == 0


def test_every_change_over_the_api_is_told_in_order(megaplan: Client, receiver: HookReceiver) -> None:
    program = {"contentType": "Program", "id": megaplan.rows("/program")[0]["id"]}
    deal = megaplan.post("/deal", {"name": "Тест", "program": program}).json()["data"]["id"]
    megaplan.post(f"/deal/{deal}", {"name": "Тест 2"})
    human = megaplan.post("/contractorHuman", {"firstName": "Анна"}).json()["data"]["id"]
    megaplan.request("DELETE", f"/contractorHuman/{human}")
    megaplan.request("DELETE", f"/deal/{deal}")
    todo = megaplan.post("/todo", {"name": "Позвонить"}).json()["data"]["id"]
    megaplan.mutate(op="update_employee", id=1_000_003, fields={"position": "Директор"})
    assert told(receiver.wait_for(7)) == [
        ("Deal", "on_after_create", deal),
        ("Deal", "on_after_update", deal),
        ("ContractorHuman", "on_after_create", human),
        ("ContractorHuman", "on_after_drop", human),
        ("Deal", "on_after_drop", deal),
        ("Todo", "on_after_create", todo),
        ("Employee", "on_after_update", "1000003"),
    ]
    assert len({event["uuid"] for event in receiver.taken}) == 7


def test_an_event_that_is_not_taken_holds_back_those_behind_it(
    megaplan: Client, receiver: HookReceiver
) -> None:
    first, second, *_ = deal_ids(megaplan)
    refused = 0

    def answer(body: dict[str, Any]) -> int:
        nonlocal refused
        refused += body["data"]["id"] == str(first)
        return 500 if body["data"]["id"] == str(first) and refused < 4 else 200

    receiver.answer = answer
    rename(megaplan, first, "один")
    rename(megaplan, second, "два")
    assert [id for _, _, id in told(receiver.wait_for(2))] == [str(first), str(second)]
    assert [body["data"]["id"] for body in receiver.bodies] == [*[str(first)] * 4, str(second)]
    assert len({body["uuid"] for body in receiver.bodies}) == 2


def test_an_answer_other_than_200_or_too_late_is_none(megaplan: Client, receiver: HookReceiver) -> None:
    answers = iter([204, 302, 404])
    receiver.answer = lambda body: next(answers, 200)
    rename(megaplan, deal_ids(megaplan)[0], "один")
    receiver.wait_for(1)
    assert len(receiver.bodies) == 4
    megaplan.control("knobs", {"hook_timeout_s": 0.2})
    slow = iter([0.5])
    receiver.answer = lambda body: time.sleep(next(slow, 0)) or 200
    rename(megaplan, deal_ids(megaplan)[0], "два")
    receiver.wait_for(2)
    assert len(receiver.bodies) == 6


def test_nobody_is_told_what_was_not_subscribed_or_is_silent(
    megaplan: Client, receiver: HookReceiver
) -> None:
    megaplan.request("PUT", "/integration/demo-application", json={"subscribedStreams": ["contractors"]})
    first, second, third, *_ = deal_ids(megaplan)
    rename(megaplan, first, "один")
    megaplan.request("PUT", "/integration/demo-application", json={"subscribedStreams": ["deals"]})
    megaplan.mutate(op="delete_deals", ids=[second], silent=True)
    todo = megaplan.rows("/todo", limit=1)[0]["id"]
    megaplan.post(f"/deal/{third}/linkWith", {"contentType": "Todo", "id": todo})  # links are not told
    rename(megaplan, third, "три")
    receiver.wait_for(1)
    wait_until_all_is_told(megaplan)
    assert told(receiver.taken) == [("Deal", "on_after_update", str(third))]


def test_switching_the_application_is_told_and_a_switched_off_one_hears_nothing_else(
    megaplan: Client, receiver: HookReceiver
) -> None:
    megaplan.post("/integration/demo-application/disable", {})
    rename(megaplan, deal_ids(megaplan)[0], "один")
    megaplan.post("/integration/demo-application/enable", {})
    events = receiver.wait_for(2)
    assert [(event["model"], event["event"]) for event in events] == [
        ("Integration", "on_disable"),
        ("Integration", "on_enable"),
    ]


@pytest.mark.parametrize(
    ("form", "keys"),
    [("accountInfo", {"accountInfo"}), ("accountId", {"accountId"}), ("both", {"accountInfo", "accountId"})],
)
def test_the_account_is_named_in_either_form(
    megaplan: Client, receiver: HookReceiver, form: str, keys: set[str]
) -> None:
    megaplan.control("knobs", {"hook_account": form, "hook_account_name": "demo.megaplan.ru"})
    rename(megaplan, deal_ids(megaplan)[0], "один")
    event = receiver.wait_for(1)[0]
    assert {"accountInfo", "accountId"} & set(event) == keys
    assert "demo.megaplan.ru" in (event.get("accountId"), event.get("accountInfo", {}).get("accountName"))


def test_an_event_holds_as_much_of_its_entity_as_the_knob_says(
    megaplan: Client, receiver: HookReceiver
) -> None:
    id = deal_ids(megaplan)[0]
    sizes = []
    for knob in ("link", "trimmed", "card"):
        megaplan.control("knobs", {"hook_data": knob})
        rename(megaplan, id, knob)
        sizes.append(set(receiver.wait_for(len(sizes) + 1)[-1]["data"]))
    assert sizes[0] == {"contentType", "id"}
    assert sizes[0] < sizes[1] < sizes[2]
    assert {"program", "state", "manager", "price"} <= sizes[1]


def test_events_get_lost_doubled_and_swapped_when_the_knobs_say_so(
    megaplan: Client, receiver: HookReceiver
) -> None:
    ids = [int(row["id"]) for row in megaplan.rows("/deal", limit=40)]
    # only events that wait together can overtake each other
    megaplan.control(
        "knobs", {"hook_loss": 0.3, "hook_duplicates": 0.3, "hook_disorder": 0.5, "hook_delay_s": 0.5}
    )
    for id in ids:
        rename(megaplan, id, f"Сделка {id}")
    wait_until_all_is_told(megaplan)
    uuids = [event["uuid"] for event in receiver.taken]
    seen = list(dict.fromkeys(int(event["data"]["id"]) for event in receiver.taken))
    assert len(set(uuids)) < len(ids)
    assert len(uuids) > len(set(uuids))
    assert seen != sorted(seen, key=ids.index)


def test_after_the_most_tries_an_event_is_given_up(megaplan: Client, receiver: HookReceiver) -> None:
    megaplan.control("knobs", {"hook_max_tries": 2})
    first, second, *_ = deal_ids(megaplan)
    receiver.answer = lambda body: 500 if body["data"]["id"] == str(first) else 200
    rename(megaplan, first, "один")
    rename(megaplan, second, "два")
    receiver.wait_for(1)
    assert [body["data"]["id"] for body in receiver.bodies] == [str(first), str(first), str(second)]


def test_a_scenario_sends_one_request_in_the_old_shape(megaplan: Client, receiver: HookReceiver) -> None:
    deal = megaplan.card(f"/deal/{deal_ids(megaplan)[0]}")
    program = megaplan.card(f"/program/{deal['program']['id']}")
    trigger = program["triggers"][0]["id"]
    megaplan.mutate(op="set_scenario_url", trigger=trigger, url=receiver.url)
    receiver.answer = lambda body: 500  # nobody repeats it
    megaplan.post(f"/deal/{deal['id']}/applyTrigger", {"id": trigger}).raise_for_status()
    until = time.monotonic() + 5
    while not receiver.bodies and time.monotonic() < until:
        time.sleep(0.01)
    (body,) = receiver.bodies
    assert (body["data"]["deal"]["Id"], body["data"]["deal"]["Name"]) == (int(deal["id"]), deal["name"])
    assert body.keys() == {"data"}


def test_the_address_of_the_first_application_can_be_given_at_the_start() -> None:
    receiver = HookReceiver()
    knobs = Knobs(hook_url=receiver.url, hook_account_name="crm.example.org")
    server = Server(Account(seed=1, deals=25, contacts=20, knobs=knobs))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        megaplan = Client(server.url)
        rename(megaplan, deal_ids(megaplan)[0], "Другое имя")
        assert told(receiver.wait_for(1)) == [("Deal", "on_after_update", str(deal_ids(megaplan)[0]))]
    finally:
        server.stop()
        thread.join(timeout=10)
        receiver.stop()
