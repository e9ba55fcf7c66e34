"""Numbers in the emulated Megaplan: who is responsible for one, which are internal, what is set."""

from typing import Any

import pytest

from tests.emulators.megaplan_calls import MANAGER, PHONE, client
from tests.emulators.megaplan_client import Client, link


@pytest.mark.parametrize(
    "typed",
    [
        "79001234567",
        "8 (900) 123-45-67",
        "+7 900 123 45 67",
        "89001234567",
        "900-123-45-67",
        "8 900 1234567 доб. 12",
    ],
)
def test_a_number_is_routed_to_the_clients_responsible(megaplan: Client, typed: str) -> None:
    who = client(megaplan, "84950000000", typed)
    route = megaplan.card("/callRoute?" + f'{{"phone":"{PHONE}"}}')
    assert set(route) == {"contentType", "type", "timeout", "employees", "users"}
    assert (route["contentType"], route["type"]) == ("CallRoute", "responsible")
    assert [link(row) for row in route["users"]] == [who]
    assert [row["id"] for row in route["employees"]] == ["1000004"]
    assert not any("internalNumber" in row for row in route["employees"])


def test_everybody_with_the_number_is_told(megaplan: Client) -> None:
    wanted = [client(megaplan, PHONE), client(megaplan, PHONE, company=True)]
    megaplan.post(f"/contractorHuman/{wanted[0]['id']}", {"description": "ещё раз"})
    users = megaplan.get("/callRoute", phone=PHONE).json()["data"]["users"]
    assert [link(row) for row in users] == wanted
    colleague = next(
        row
        for row in megaplan.truth("employees")
        if any(info["type"] == "phone" for info in row["contactInfo"])
    )
    number = next(info["value"] for info in colleague["contactInfo"] if info["type"] == "phone")
    users = megaplan.get("/callRoute", phone=number).json()["data"]["users"]
    assert link(colleague) in [link(row) for row in users]


def test_who_cannot_be_seen_or_is_dropped_is_not_routed(megaplan: Client) -> None:
    hidden, dropped = client(megaplan, PHONE), client(megaplan, PHONE)
    megaplan.mutate(op="revoke_visibility", entity="contractors", ids=[hidden["id"]])
    megaplan.request("DELETE", f"/contractorHuman/{dropped['id']}")
    route = megaplan.get("/callRoute", phone=PHONE).json()["data"]
    assert (route["type"], route["users"], route["employees"]) == (None, [], [])


def test_a_changed_number_is_routed_at_once(megaplan: Client) -> None:
    who = client(megaplan, PHONE)
    assert megaplan.get("/callRoute", phone=PHONE).json()["data"]["users"]
    info = [{"contentType": "ContactInfo", "type": "phone", "value": "79990000009"}]
    megaplan.post(f"/contractorHuman/{who['id']}", {"contactInfo": info})
    assert megaplan.get("/callRoute", phone=PHONE).json()["data"]["users"] == []
    assert megaplan.get("/callRoute", phone="79990000009").json()["data"]["users"]


def test_how_a_number_is_asked_for_is_a_knob(megaplan: Client) -> None:
    client(megaplan, PHONE)
    assert megaplan.get("/callRoute", phone="+7 900 123-45-67").json()["data"]["users"] == []
    megaplan.control(
        "knobs",
        {
            "call_route_phone": "any",
            "call_route_employees": "object",
            "call_route_type": "all",
            "call_route_timeout": 7,
        },
    )
    route = megaplan.get("/callRoute", phone="+7 900 123-45-67").json()["data"]
    assert (route["employees"]["id"], route["type"], route["timeout"]) == ("1000004", "all", 7)
    assert megaplan.get("/callRoute").status_code == 422


def test_internal_numbers_are_listed(megaplan: Client) -> None:
    rows = megaplan.walk("/callUserConfig", limit=5)
    numbers = {row["employee"]["id"]: row["internalNumber"] for row in rows}
    assert len(rows) == 13
    assert numbers["1000004"] == "105"
    assert numbers["1000005"] == "sip:106@pbx.example.org"
    assert megaplan.card("/employee/1000017")["isWorking"] is False
    assert "1000017" in numbers


def test_internal_numbers_are_made_changed_and_taken_away(megaplan: Client) -> None:
    who = {"contentType": "Employee", "id": "1000020"}
    assert megaplan.get("/callUserConfig/Employee/1000020").status_code == 404
    body = {
        "contentType": "CallUserConfig",
        "employee": who,
        "internalNumber": "201",
        "settings": '{"dnd":true}',
    }
    made = megaplan.post("/callUserConfig", body).json()["data"]
    again = megaplan.post("/callUserConfig/null", body | {"internalNumber": "202"}).json()["data"]
    assert again["id"] == made["id"]
    changed = megaplan.post(f"/callUserConfig/{made['id']}", {"id": made["id"], "settings": "{}"}).json()[
        "data"
    ]
    assert (changed["internalNumber"], changed["settings"]) == ("202", "{}")
    assert megaplan.card("/callUserConfig/Employee/1000020")["id"] == made["id"]
    assert megaplan.card(f"/callUserConfig/{made['id']}")["employee"]["id"] == "1000020"
    assert megaplan.request("DELETE", "/callUserConfig/Employee/1000020").status_code == 200
    assert megaplan.get(f"/callUserConfig/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"internalNumber": "201"}, "employee"),
        ({"employee": MANAGER, "internalNumber": 201}, "internalNumber"),
        ({"employee": MANAGER, "settings": {"dnd": True}}, "settings"),
        ({"employee": None}, "employee"),
        ({"employee": MANAGER, "extension": "1"}, None),
    ],
)
def test_a_wrong_internal_number_is_refused(
    megaplan: Client, body: dict[str, Any], field: str | None
) -> None:
    answer = megaplan.post("/callUserConfig", body)
    assert (answer.status_code, answer.json()["meta"]["errors"][0]["field"]) == (422, field)
    assert megaplan.card("/callUserConfig/Employee/1000004")["internalNumber"] == "105"


def test_settings_of_telephony_are_kept_in_one_scope(megaplan: Client) -> None:
    value = {"gateway": "https://gateway.example.org", "lines": [1, 2]}
    body = {"contentType": "SystemSetting", "scope": "callServerConfig", "id": "gateway", "value": value}
    assert megaplan.post("/systemSetting", body).json()["data"]["value"] == value
    path = "/systemSetting/callServerConfig"
    assert [(row["id"], row["scope"]) for row in megaplan.rows(path)] == [("gateway", "callServerConfig")]
    megaplan.post(f"{path}/gateway", {"value": "off"})
    assert megaplan.card(f"{path}/gateway")["value"] == "off"
    assert megaplan.request("DELETE", f"{path}/gateway").status_code == 200
    assert megaplan.get(f"{path}/gateway").status_code == 404
    assert megaplan.rows(path) == []
    assert megaplan.post("/systemSetting", body | {"scope": "other"}).status_code == 422
    assert megaplan.get("/systemSetting/other").status_code == 422
