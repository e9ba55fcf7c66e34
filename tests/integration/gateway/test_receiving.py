"""Messages are stored before they are acknowledged; unauthorized senders learn nothing."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from psycopg import Connection

from megaplan_gateway.http import bounded_protocol, server
from megaplan_gateway.options import Options
from megaplan_gateway.routing import Routing

from .served import MEGAPLAN_SECRET, UIS_SECRET, ServedGateway, served, set_connections

ANOTHER_SECRET = "another-secret-7b21c09e"
RINGING = {
    "notification_mnemonic": "call_proceeding",
    "notification_time": "2026-01-15 10:00:03.417",
    "notification_timestamp": 1768460403,
    "call_session_id": 700100200,
    "direction": "in",
    "virtual_phone_number": "74950000001",
    "contact_phone_number": "79000000001",
    "employee_id": 501,
    "leg_id": 880011,
}


def stored(database: Connection[Any]) -> list[tuple[Any, ...]]:
    return database.execute(
        """SELECT account, source, mnemonic, call_session_id, times_received, broken
        FROM telephony.events ORDER BY number"""
    ).fetchall()


def test_a_notification_is_in_the_inbox_when_it_is_acknowledged(
    gateway: ServedGateway, tables: Connection[Any]
) -> None:
    answer = gateway.notify(RINGING)
    assert (answer.status_code, answer.json()) == (200, {"stored": True})
    assert stored(tables) == [(gateway.account, "uis_notification", "call_proceeding", 700100200, 1, None)]


def test_a_repeated_notification_only_increases_its_count(
    gateway: ServedGateway, tables: Connection[Any]
) -> None:
    for _ in range(3):
        assert gateway.notify(RINGING).status_code == 200
    assert [row[4] for row in stored(tables)] == [3]


def test_a_notification_may_be_sent_by_get(gateway: ServedGateway, tables: Connection[Any]) -> None:
    query = 'event=call_proceeding&call_session_id=700100200&employee_id=501&direction="in"'
    assert gateway.client.get(gateway.path("/uis") + "?" + query).status_code == 200
    assert [row[2:4] for row in stored(tables)] == [("call_proceeding", 700100200)]


def test_times_are_in_the_time_zone_of_the_uis_account(
    tables: Connection[Any],
    connections: str,
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
) -> None:
    """The vendor's templates give times without a zone, and the Megaplan account may have another one."""
    zone = {"account_timezone": "Asia/Yekaterinburg"}
    set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9", uis=zone)
    with served(connections) as gateway:
        local_time = {"notification_time": "2026-01-15 12:00:03.417", "notification_timestamp": None}
        assert gateway.notify({**RINGING, **local_time}).status_code == 200
    (at,) = tables.execute("SELECT occurred_at FROM telephony.events").fetchone() or (None,)
    assert at == datetime(2026, 1, 15, 7, 0, 3, 417_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is empty"),
        (b"\xff\xfe\x00 garbage \x00", "neither a JSON object nor form fields"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
        (b'{"notification_mnemonic": "call_proceeding"}', "call_session_id is missing"),
        (b'{"call_session_id": "../../etc/passwd"}', "instead of a number"),
    ],
    ids=["empty", "not UTF-8", "endless list", "endless object", "no call", "no number"],
)
def test_a_malformed_message_is_stored_and_refused_with_the_reason(
    body: bytes, reason: str, gateway: ServedGateway, tables: Connection[Any]
) -> None:
    answer = gateway.notify(body)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert reason in stored(tables)[0][5]


def refusals(gateway: ServedGateway) -> list[str]:
    """Return paths of every kind that must be refused."""
    account = gateway.account
    return [
        f"/{account}/{MEGAPLAN_SECRET}/uis",  # the other vendor's secret
        f"/{account}/wrong/uis",
        f"/{account}/{UIS_SECRET[:-1]}/uis",
        f"/{account}/{UIS_SECRET}x/uis",
        f"/nobody/{UIS_SECRET}/uis",
        f"/{account}//uis",
        f"/{account}/uis",
        f"/{account}/{UIS_SECRET}/other",
        f"/{account}/{UIS_SECRET}/uis/",
        f"/{account}/{UIS_SECRET}/../{UIS_SECRET}/uis",
        f"/{account}/%2e%2e/{account}/{UIS_SECRET}/uis",
        f"/{account}/{UIS_SECRET}%00/uis",
        f"/{account}/%ff%fe/uis",
        "/etc/passwd",
        "/",
    ]


def test_every_refusal_is_the_same_and_reads_no_body(gateway: ServedGateway, tables: Connection[Any]) -> None:
    answers = set()
    for path in refusals(gateway):
        head = f"POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 100000\r\n\r\n"
        answers.add(raw_answer(gateway, head.encode()))  # answered although the body is never sent
    assert len(answers) == 1
    assert b"404" in answers.pop().splitlines()[0]
    assert stored(tables) == []


def test_a_method_is_refused_only_after_authentication(gateway: ServedGateway) -> None:
    assert gateway.client.put(gateway.path("/uis")).status_code == 405
    assert gateway.client.put(gateway.path("/uis", secret="wrong")).status_code == 404


def test_an_account_without_a_secret_refuses_everything(
    tables: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
    connections: str,
) -> None:
    set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9", uis={"webhook_secret": None})
    with served(connections) as gateway:
        for secret in ("None", "null", "%20"):
            assert gateway.client.post(gateway.path("/uis", secret=secret), json=RINGING).status_code == 404


def test_a_body_that_is_too_large_is_refused(tables: Connection[Any], connections: str) -> None:
    with served(connections, Options(max_body_bytes=1000)) as gateway:
        assert gateway.notify(b"x" * 1001).status_code == 413
        # without a Content-Length the limit applies while reading
        chunked = gateway.client.post(gateway.path("/uis"), content=iter([b"x" * 600, b"x" * 600]))
        assert chunked.status_code == 413
    assert stored(tables) == []


def test_a_body_that_is_too_slow_is_refused(tables: Connection[Any], connections: str) -> None:
    with served(connections, Options(body_seconds=0.2)) as gateway:
        head = f"POST {gateway.path('/uis')} HTTP/1.1\r\nHost: g\r\nContent-Length: 10\r\n\r\n{{"
        started = time.monotonic()
        assert b"408" in raw_answer(gateway, head.encode()).splitlines()[0]
        assert time.monotonic() - started < 5


def test_too_many_requests_are_refused(tables: Connection[Any], connections: str) -> None:
    with served(connections, Options(requests_per_second=3)) as gateway:
        statuses = [gateway.notify(RINGING | {"leg_id": leg}).status_code for leg in range(6)]
    assert statuses[:3] == [200, 200, 200]
    assert 429 in statuses
    assert len(stored(tables)) == statuses.count(200)


def test_concurrent_messages_share_commits(gateway: ServedGateway, tables: Connection[Any]) -> None:
    async def send_all() -> list[int]:
        import httpx

        async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=20) as client:
            bodies = [json.dumps(RINGING | {"leg_id": leg}) for leg in range(200)]
            answers = await asyncio.gather(
                *(client.post(gateway.path("/uis"), content=body) for body in bodies)
            )
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(send_all())) == {200}
    assert len(stored(tables)) == 200
    commits = gateway.gateway.metrics.registry.get_sample_value("gateway_inbox_commit_rows_count")
    assert commits is not None
    assert commits < 100


def test_without_postgres_nothing_is_acknowledged(
    tables: Connection[Any], connections: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = json.dumps({"conn_type": "postgres", "host": "127.0.0.1", "port": 9, "schema": "x"})
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", nowhere)
    with served(connections, Options(store_seconds=0.5)) as gateway:
        answer = gateway.notify(RINGING)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        ready = gateway.client.get("/ready")
        assert (ready.status_code, ready.json()["missing"]) == (503, ["Postgres does not answer."])
        assert gateway.client.get("/health").status_code == 200


def test_a_failing_background_task_is_not_ready_and_names_itself(
    monkeypatch: pytest.MonkeyPatch, tables: Connection[Any], connections: str
) -> None:
    async def fails(self: Routing) -> None:
        raise UnicodeError("label empty or too long")

    monkeypatch.setattr(Routing, "keep_telephones_current", fails)
    with served(connections) as gateway:
        ready = gateway.client.get("/ready")
        said = ["Background task telephones keeps failing; see the log."]
        assert (ready.status_code, ready.json()["missing"]) == (503, said)
        assert gateway.notify(RINGING).status_code == 200


def test_a_changed_secret_takes_effect_without_a_restart(
    tables: Connection[Any],
    connections: str,
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
) -> None:
    with served(connections, Options(reload_seconds=0.05)) as gateway:
        assert gateway.notify(RINGING).status_code == 200
        account = gateway.gateway.accounts.get(connections)
        set_connections(
            monkeypatch, database_uri, connect, "http://127.0.0.1:9", uis={"webhook_secret": ANOTHER_SECRET}
        )
        until = time.monotonic() + 5
        while gateway.notify(RINGING).status_code != 404:
            assert time.monotonic() < until
            time.sleep(0.02)
        answer = gateway.client.post(gateway.path("/uis", secret=ANOTHER_SECRET), json=RINGING)
        assert answer.status_code == 200
        assert gateway.gateway.accounts.get(connections) is not account
        # a connection that cannot be read keeps its last state
        monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", '{"conn_type": "uis", "extra": {"brand": "none"}}')
        until = time.monotonic() + 5
        while not gateway.gateway.accounts.problems:
            assert time.monotonic() < until
            time.sleep(0.02)
        answer = gateway.client.post(gateway.path("/uis", secret=ANOTHER_SECRET), json=RINGING)
        assert answer.status_code == 200


def test_metrics_name_no_account(gateway: ServedGateway) -> None:
    gateway.notify(RINGING)
    text = gateway.client.get("/metrics").text
    assert 'gateway_requests_total{route="uis",status="200"} 1.0' in text
    assert 'gateway_inbox_messages_total{kind="new",source="uis_notification"} 1.0' in text
    for secret in (gateway.account, UIS_SECRET, "79000000001"):
        assert secret not in text


def raw_answer(gateway: ServedGateway, sent: bytes) -> bytes:
    """Send raw bytes and return everything received until the connection is closed."""
    host, port = gateway.url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /", b"\r\n", b"POST / HTTP/1.1\r\nX: "],
    ids=["nothing", "line", "blank", "head"],
)
def test_an_incomplete_head_closes_the_connection(
    sent: bytes, gateway: ServedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_protocol, "HEAD_SECONDS", 0.2)
    started = time.monotonic()
    with contextlib.suppress(ConnectionError):
        assert raw_answer(gateway, sent) == b""
    assert time.monotonic() - started < 5


def test_idle_connections_shut_nobody_out(
    tables: Connection[Any], connections: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 20)
    with served(connections) as gateway, contextlib.ExitStack() as idle:
        assert gateway.client.get("/health").status_code == 200  # keeps its connection, as a proxy does
        address = ("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]))
        for _ in range(60):
            idle.enter_context(socket.create_connection(address))
        for _ in range(20):
            assert gateway.notify(RINGING).status_code == 200
        with httpx.Client(base_url=gateway.url, trust_env=False) as another:
            assert another.get("/health").status_code == 200


def test_an_endless_head_closes_the_connection(gateway: ServedGateway) -> None:
    with contextlib.suppress(ConnectionError):
        assert b"200" not in raw_answer(gateway, b"POST / HTTP/1.1\r\nX: " + b"x" * 200_000)
    assert gateway.client.get("/health").status_code == 200
