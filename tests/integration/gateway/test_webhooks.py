"""Webhooks of Megaplan are on disk before they are answered, and only this account's are taken."""

import json
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import Connection

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
def test_an_event_is_in_the_inbox_when_it_is_answered(
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
        assert [bell.payload for bell in listener.notifies(timeout=3, stop_after=1)] == [gateway.account]


def test_an_event_that_comes_again_is_counted(gateway: ServedGateway, tables: Connection[Any]) -> None:
    for _ in range(3):
        assert post(gateway, event({"accountId": gateway.account})).status_code == 200
    assert [row[5] for row in stored(tables)] == [3]


def test_an_event_of_another_account_is_refused_and_told(
    connections: str,
    tables: Connection[Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = {"conn_type": "megaplan", "host": "other.megaplan.ru", "login": "a", "password": "b"}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_default", "other"]')
    with served(connections) as gateway:
        _refuse_another_accounts(gateway, tables, caplog)


def _refuse_another_accounts(
    gateway: ServedGateway, tables: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    answer = post(gateway, event({"accountInfo": {"accountName": "other.megaplan.ru"}}))
    assert answer.status_code == 403
    assert "names another account" in answer.json()["error"]
    assert stored(tables) == []
    ours = [record for record in caplog.records if record.name.startswith("megaplan_gateway")]
    assert "webhook of another account refused" in [record.getMessage() for record in ours]


def test_models_that_no_table_holds_are_taken(gateway: ServedGateway, tables: Connection[Any]) -> None:
    """Megaplan would hold back everything behind an event that is refused."""
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
def test_what_cannot_be_understood_is_kept_and_refused_with_the_reason(
    body: Any, reason: str, gateway: ServedGateway, tables: Connection[Any]
) -> None:
    answer = post(gateway, body)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert reason in stored(tables)[0][6]


def test_a_scenarios_request_has_no_id_of_its_own(gateway: ServedGateway, tables: Connection[Any]) -> None:
    for id in (77, 78):
        assert post(gateway, {"data": {"deal": {"Id": id, "Name": "Сделка"}}}).status_code == 200
    assert [row[3:5] for row in stored(tables)] == [("Deal.scenario", "77"), ("Deal.scenario", "78")]


@pytest.mark.parametrize("secret", [UIS_SECRET, "wrong", MEGAPLAN_SECRET[:-1]])
def test_only_the_secret_of_the_megaplan_connection_opens(
    secret: str, gateway: ServedGateway, tables: Connection[Any]
) -> None:
    assert post(gateway, event({}), secret).status_code == 404
    assert stored(tables) == []


def test_other_methods_and_oversized_bodies_are_refused(
    gateway: ServedGateway, tables: Connection[Any]
) -> None:
    assert gateway.client.get(gateway.path("/megaplan", MEGAPLAN_SECRET)).status_code == 405
    assert post(gateway, b" " * (gateway.gateway.options.largest_body_bytes + 1)).status_code == 413
    assert stored(tables) == []
