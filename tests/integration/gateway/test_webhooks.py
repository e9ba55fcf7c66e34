"""Megaplan webhooks are stored before they are acknowledged, and only this account's are accepted."""

import json
import os
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import Connection

from megaplan_gateway.options import Options

from .served import MEGAPLAN_SECRET, UIS_SECRET, ServedGateway, served


def post(gateway: ServedGateway, body: Any, secret: str = MEGAPLAN_SECRET) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gateway.client.post(
        gateway.path("/megaplan", secret), content=content, headers={"Content-Type": "application/json"}
    )


def event(account: Any, uuid: str = "0f3c1f9e", **more: Any) -> dict[str, Any]:
    data = {"contentType": "Deal", "id": "77", "name": "Сделка 77", "manager": {"name": "Иван Пример"}}
    return {"uuid": uuid, "event": "on_after_update", "model": "Deal", "data": data, **account, **more}


def stored(database: Connection[Any]) -> list[tuple[Any, ...]]:
    return database.execute(
        """SELECT account, source, dedupe_key, mnemonic, payload ->> 'id', times_received, broken
        FROM telephony.events ORDER BY number"""
    ).fetchall()


@pytest.mark.parametrize("form", ["accountInfo", "accountId", "nothing", "capitals"])
def test_an_event_is_in_the_inbox_when_it_is_acknowledged(
    form: str, gateway: ServedGateway, tables: Connection[Any], database_uri: str
) -> None:
    account: dict[str, Any] = {
        "accountInfo": {"accountInfo": {"accountName": gateway.account}},
        "accountId": {"accountId": gateway.account},
        "nothing": {},
        "capitals": {"accountId": f"HTTP://{gateway.account}/".upper()},
    }[form]
    with psycopg.connect(database_uri, autocommit=True) as listener:
        listener.execute("LISTEN telephony_events")
        answer = post(gateway, event(account))
        assert (answer.status_code, answer.json()) == (200, {"stored": True})
        assert stored(tables) == [
            (gateway.account, "megaplan_webhook", "0f3c1f9e", "Deal.on_after_update", "77", 1, None)
        ]
        notifications = listener.notifies(timeout=3, stop_after=1)
        assert [notification.payload for notification in notifications] == [gateway.account]


def test_a_repeated_event_is_counted(gateway: ServedGateway, tables: Connection[Any]) -> None:
    for _ in range(3):
        assert post(gateway, event({"accountId": gateway.account})).status_code == 200
    assert [row[5] for row in stored(tables)] == [3]


def test_an_event_of_another_account_is_refused_and_logged(
    connections: str,
    tables: Connection[Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = {"conn_type": "megaplan", "host": "other.megaplan.ru", "login": "a", "password": "b"}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_default", "other"]')
    with served(connections) as gateway:
        answer = post(gateway, event({"accountInfo": {"accountName": "other.megaplan.ru"}}))
    assert answer.status_code == 403
    assert "names another account" in answer.json()["error"]
    assert stored(tables) == []
    ours = [record for record in caplog.records if record.name.startswith("megaplan_gateway")]
    assert "webhook of another account refused" in [record.getMessage() for record in ours]


def test_with_private_fields_only_the_entity_is_stored(
    connections: str, tables: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = json.loads(os.environ["AIRFLOW_CONN_MEGAPLAN_DEFAULT"])
    described["extra"] = json.dumps({**json.loads(described["extra"]), "fields_left_out": "deals.name"})
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    with served(connections) as gateway:
        assert post(gateway, event({})).status_code == 200
        assert post(gateway, b'{"name": "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd"').status_code == 200
    bodies = tables.execute(
        "SELECT convert_from(body, 'UTF8') FROM telephony.events ORDER BY number"
    ).fetchall()
    assert [json.loads(body) for (body,) in bodies] == [
        {"model": "Deal", "event": "on_after_update", "id": 77, "uuid": "0f3c1f9e"},
        {},
    ]


def test_events_of_models_without_a_table_are_accepted(
    gateway: ServedGateway, tables: Connection[Any]
) -> None:
    """Megaplan would withhold all events after a refused one."""
    for data in ({"data": {}}, {"data": []}, {"data": None}, {}):
        assert post(gateway, {"model": "Integration", "event": "on_enable", **data}).status_code == 200
    assert {row[3] for row in stored(tables)} == {"Integration.on_enable"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 50_000, "not JSON"),
        (b"[]", "not a JSON object"),
        ({"event": "on_after_update"}, "no object 'data'"),
        ({"data": {"id": "77"}}, "neither an event"),
        ({"data": {"deal": {"Name": "без номера"}}}, "no numeric 'Id'"),
        ({"model": 5, "event": "x", "data": {}}, "neither an event"),
    ],
)
def test_a_malformed_webhook_is_stored_and_accepted_with_the_reason(
    body: Any, reason: str, gateway: ServedGateway, tables: Connection[Any]
) -> None:
    answer = post(gateway, body)
    assert answer.status_code == 200
    assert reason in answer.json()["problem"]
    assert reason in stored(tables)[0][6]


def test_a_deal_with_many_line_items_does_not_hold_back_the_rest(
    gateway: ServedGateway, tables: Connection[Any]
) -> None:
    positions = [{"contentType": "OfferRow", "id": str(number), "name": "x" * 8000} for number in range(300)]
    data = {"contentType": "Deal", "id": "77", "positions": positions}
    assert post(gateway, event({}, data=data)).json() == {"stored": True}
    assert [row[3:5] for row in stored(tables)] == [("Deal.on_after_update", "77")]
    (size,) = tables.execute("SELECT max(length(body)) FROM telephony.events").fetchone() or (0,)
    assert size == 1024 * 1024


def test_of_a_body_without_end_the_beginning_is_read(tables: Connection[Any], connections: str) -> None:
    with served(connections, Options(max_webhook_bytes=10_000)) as gateway:
        body = event({}, data={"contentType": "Deal", "id": "77", "name": "x" * 100_000})
        assert post(gateway, body).json() == {"stored": True}
        chunks = (json.dumps(body).encode() for body in [body])
        path = gateway.path("/megaplan", MEGAPLAN_SECRET)
        assert gateway.client.post(path, content=chunks).json() == {"stored": True}
    assert {row[3:5] for row in stored(tables)} == {("Deal.on_after_update", "77")}


def test_requests_of_scenarios_have_no_event_id(gateway: ServedGateway, tables: Connection[Any]) -> None:
    for id in (77, 78):
        assert post(gateway, {"data": {"deal": {"Id": id, "Name": "Сделка"}}}).status_code == 200
    assert [row[3:5] for row in stored(tables)] == [("Deal.scenario", "77"), ("Deal.scenario", "78")]


@pytest.mark.parametrize("secret", [UIS_SECRET, "wrong", MEGAPLAN_SECRET[:-1]])
def test_only_the_secret_of_the_megaplan_connection_is_accepted(
    secret: str, gateway: ServedGateway, tables: Connection[Any]
) -> None:
    assert post(gateway, event({}), secret).status_code == 404
    assert stored(tables) == []


def test_other_methods_are_refused(gateway: ServedGateway, tables: Connection[Any]) -> None:
    assert gateway.client.get(gateway.path("/megaplan", MEGAPLAN_SECRET)).status_code == 405
    assert stored(tables) == []
