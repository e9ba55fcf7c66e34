"""Applications: who may manage them, what they hold, their tokens."""

from typing import Any

import pytest

from tests.emulators.megaplan_client import Client, message

EVENTS_TO = "http://127.0.0.1:9/events"


def create(megaplan: Client, **fields: Any) -> dict[str, Any]:
    answer = megaplan.post("/integration", {"contentType": "Integration", "name": "Выгрузка", **fields})
    assert answer.status_code == 200, answer.text[:300]
    made: dict[str, Any] = answer.json()["data"]
    return made


def test_an_application_is_created_changed_switched_and_removed(megaplan: Client) -> None:
    made = create(megaplan, streamUri=EVENTS_TO, subscribedStreams=["deals", "contractors"])
    address = f"/integration/{made['uuid']}"
    assert (made["isEnabled"], made["subscribedStreams"]) == (True, ["deals", "contractors"])
    changed = megaplan.request("PUT", address, json={"subscribedStreams": ["deals"]}).json()["data"]
    assert (changed["subscribedStreams"], changed["streamUri"]) == (["deals"], EVENTS_TO)
    assert megaplan.post(f"{address}/disable", {}).json()["data"]["isEnabled"] is False
    assert megaplan.post(f"{address}/enable", {}).json()["data"]["isEnabled"] is True
    assert [row["uuid"] for row in megaplan.rows("/integration")] == ["demo-application", made["uuid"]]
    assert megaplan.request("DELETE", address).status_code == 200
    assert megaplan.get(address).status_code == 404


def test_the_names_of_the_streams_are_told(megaplan: Client) -> None:
    names: Any = megaplan.get("/integration/streams").json()["data"]
    assert {"contractors", "deals", "events", "employees", "payers", "comments"} <= set(names)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": ""}, 422),
        ({"subscribedStreams": ["calls"]}, 422),  # calls have no stream
        ({"subscribedStreams": "deals"}, 422),
        ({"streamUri": "ftp://example.org"}, 422),
        ({"category": "games"}, 422),
        ({"whatever": 1}, 422),
    ],
)
def test_a_wrong_application_is_refused(megaplan: Client, fields: dict[str, Any], status: int) -> None:
    answer = megaplan.post("/integration", {"contentType": "Integration", "name": "Выгрузка", **fields})
    assert answer.status_code == status


def test_only_https_is_taken_when_the_knob_says_so(megaplan: Client) -> None:
    megaplan.control("knobs", {"hook_plain_http": False})
    answer = megaplan.post("/integration", {"name": "Выгрузка", "streamUri": EVENTS_TO})
    assert (answer.status_code, message(answer)) == (422, "URL must begin with https://")
    megaplan.control("knobs", {"hook_plain_http": True})


def test_without_the_rights_of_an_administrator_nothing_is_changed(megaplan: Client) -> None:
    megaplan.mutate(op="revoke_visibility", rights=True)
    assert megaplan.post("/integration", {"name": "Выгрузка"}).status_code == 403
    assert megaplan.request("PUT", "/integration/demo-application", json={"name": "x"}).status_code == 403
    assert megaplan.card("/integration/demo-application")["name"] == "Телефония"


def test_a_new_token_replaces_the_old_one(megaplan: Client) -> None:
    def status(token: str) -> int:
        return megaplan.request(
            "GET", "/currentUser", headers={"Authorization": f"Bearer {token}"}
        ).status_code

    old = megaplan.card("/integration/demo-application")["apiToken"]
    assert status(old) == 200
    new = megaplan.card("/integration/demo-application/regenerateToken")["apiToken"]
    assert (status(old), status(new)) == (401, 200)
