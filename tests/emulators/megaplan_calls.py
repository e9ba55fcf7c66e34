"""Calls as a telephone exchange tells Megaplan of them, for the tests of the emulator."""

from typing import Any

import requests

from tests.emulators.megaplan_client import Client, link

MANAGER = {"contentType": "Employee", "id": "1000004"}
COLLEAGUE = {"contentType": "Employee", "id": "1000006"}
PHONE = "79001234567"


def moment(text: str) -> dict[str, Any]:
    return {"contentType": "DateTime", "value": text}


def make(megaplan: Client, **fields: Any) -> dict[str, Any]:
    body = {
        "contentType": "CallInfo",
        "providerId": "pbx-7f3",
        "type": "in",
        "state": "calling",
        "fromPhone": PHONE,
        "toPhone": "78001112233",
        "toUser": MANAGER,
        "timeFrom": moment("2026-09-21T09:15:00+00:00"),
    }
    answer = megaplan.post("/callInfo", body | fields)
    assert answer.status_code == 200, answer.text[:300]
    call: dict[str, Any] = answer.json()["data"]
    return call


def change(megaplan: Client, call: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = megaplan.post(f"/callInfo/{call['id']}", {"contentType": "CallInfo", "id": call["id"], **fields})
    assert answer.status_code == 200, answer.text[:300]
    changed: dict[str, Any] = answer.json()["data"]
    return changed


def client(megaplan: Client, *phones: str, company: bool = False) -> dict[str, Any]:
    info = [{"contentType": "ContactInfo", "type": "phone", "value": phone} for phone in phones]
    kind, name = ("Company", {"name": "ООО «Звонок»"}) if company else ("Human", {"firstName": "Анна"})
    made = megaplan.post(
        f"/contractor{kind}", {**name, "contactInfo": info, "responsibles": [MANAGER]}
    ).json()["data"]
    return link(made)


def popups(megaplan: Client, employee: dict[str, Any] = MANAGER) -> list[dict[str, Any]]:
    told = requests.get(
        f"{megaplan.url}/_control/popups", params={"employee": employee["id"]}, timeout=10
    ).json()
    events: list[dict[str, Any]] = told
    return events


def seen(megaplan: Client, employee: dict[str, Any] = MANAGER) -> list[tuple[str, str]]:
    return [(event["event"], event["state"]) for event in popups(megaplan, employee)]
