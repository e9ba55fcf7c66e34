"""Security of the widget's API: unauthorized or malformed requests get 4xx with a reason and do nothing."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_gateway.options import Options
from tests.emulators.uis_client import Client as Uis

from .served import MEGAPLAN_SECRET
from .stalling import stalling_proxy
from .widget_world import CLIENT, COLLEAGUE, SELLER, STRANGER, WidgetWorld

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.gateway.widget_fixtures"]

ID = "0123456789abcdef"


def nothing_done(world: WidgetWorld) -> bool:
    return not world.uis.control("requests", method="GET") and world.commands() == []


def verifications(world: WidgetWorld) -> int:
    """Return how many signatures Megaplan was asked to verify."""
    return sum("checkUserSign" in entry["path"] for entry in world.megaplan.control("requests"))


def test_without_the_widget_key_every_route_is_404(world: WidgetWorld) -> None:
    headers = world.headers(SELLER)
    for route in ("call", "hang-up", "do-not-disturb", "state"):
        for secret in ("wrong", MEGAPLAN_SECRET, "..%2f..", ""):
            path = world.gateway.path(f"/widget/{route}", secret)
            answer = world.gateway.client.request(
                "GET" if route == "state" else "POST", path, headers=headers
            )
            assert answer.status_code == 404, (route, secret)
            assert "access-control-allow-origin" not in answer.headers
    assert nothing_done(world)


def test_the_widget_key_is_not_accepted_by_other_routes(world: WidgetWorld) -> None:
    key = widget_key(MEGAPLAN_SECRET) or ""
    assert key not in MEGAPLAN_SECRET
    assert world.gateway.client.post(world.gateway.path("/uis", key), json={}).status_code == 404


ORIGINS = ("https://evil.example", "http://127.0.0.1", "null", "", "http://127.0.0.1:1.evil.example")


def test_pages_of_other_sites_are_refused(world: WidgetWorld) -> None:
    for origin in ORIGINS:
        headers = world.headers(SELLER, Origin=origin)
        body = {"command_id": ID, "phone": CLIENT}
        answer = world.gateway.client.post(world.path("call"), json=body, headers=headers)
        preflight = world.gateway.client.options(world.path("call"), headers={"Origin": origin})
        for refused in (answer, preflight):
            assert refused.status_code == 403, origin
            assert refused.headers["access-control-allow-origin"] == world.megaplan.url != origin
    assert (nothing_done(world), verifications(world)) == (True, 0)


def test_a_request_without_an_origin_is_refused(world: WidgetWorld) -> None:
    headers = {"X-User-Sign": world.signature(SELLER)}
    answer = world.gateway.client.post(
        world.path("call"), json={"command_id": ID, "phone": CLIENT}, headers=headers
    )
    assert (answer.status_code, nothing_done(world)) == (403, True)


def test_the_accounts_own_page_is_allowed(world: WidgetWorld) -> None:
    headers = {
        "Origin": world.megaplan.url,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-user-sign",
    }
    answer = world.gateway.client.options(world.path("call"), headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == world.megaplan.url
    assert answer.headers["access-control-allow-headers"] == "Content-Type, X-User-Sign"
    assert "access-control-allow-credentials" not in answer.headers


def test_a_quirk_may_set_another_origin(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    with serve(vendor_quirks={"widget_origin": "https://frames.example.org"}) as gateway:
        world = WidgetWorld(gateway, megaplan, uis, tables)
        headers = world.headers(SELLER, Origin="https://frames.example.org")
        assert gateway.client.get(world.path("state"), headers=headers).status_code == 200
        assert gateway.client.get(world.path("state"), headers=world.headers(SELLER)).status_code == 403


WRONG_SIGNATURES = (
    "",
    "1000003.00000000000000000000000000000000",
    "1000003",
    "../../employee/1000003",
    "x" * 600,
    "a b",
)


def test_a_wrong_signature_is_refused(world: WidgetWorld) -> None:
    for signature in WRONG_SIGNATURES:
        headers = {"Origin": world.megaplan.url, "X-User-Sign": signature}
        body = {"command_id": ID, "phone": CLIENT}
        answer = world.gateway.client.post(world.path("call"), json=body, headers=headers)
        assert (answer.status_code, "Обновите страницу" in answer.json()["error"]) == (403, True), signature
    paths = [entry["path"] for entry in world.megaplan.control("requests")]
    assert not [path for path in paths if path.startswith("/api/v3/employee")]
    assert nothing_done(world)


def test_a_signature_of_another_employee_is_refused(world: WidgetWorld) -> None:
    other = f"{SELLER}." + world.signature(COLLEAGUE).partition(".")[2]
    headers = {"Origin": world.megaplan.url, "X-User-Sign": other}
    assert world.gateway.client.get(world.path("state"), headers=headers).status_code == 403


def test_a_valid_signature_is_cached_and_wrong_ones_are_rate_limited(world: WidgetWorld) -> None:
    for _ in range(5):
        world.state(SELLER)
    assert verifications(world) == 1
    for attempt in range(30):
        headers = {"Origin": world.megaplan.url, "X-User-Sign": f"1.{attempt}"}
        status = world.gateway.client.get(world.path("state"), headers=headers).status_code
        assert status == (403 if attempt < 20 else 429)
    assert verifications(world) == 21
    world.state(SELLER)


def wrong(world: WidgetWorld, number: int, address: str) -> dict[str, str]:
    return {"Origin": world.megaplan.url, "X-User-Sign": f"1.{number}", "X-Forwarded-For": address}


def flood(world: WidgetWorld, headers: list[dict[str, str]]) -> Counter[int]:
    """Send requests with these headers at once and count the statuses."""

    async def send() -> list[int]:
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as client:
            url = world.gateway.url + world.path("state")
            answers = await asyncio.gather(*(client.get(url, headers=each) for each in headers))
        return [answer.status_code for answer in answers]

    return Counter(asyncio.run(send()))


def test_concurrent_wrong_signatures_are_limited_and_lock_nobody_else_out(world: WidgetWorld) -> None:
    statuses = flood(world, [wrong(world, number, "192.0.2.1") for number in range(100)])
    assert statuses == {403: 20, 429: 80}
    assert verifications(world) == 20
    colleague = {**world.headers(SELLER), "X-Forwarded-For": "192.0.2.2"}
    assert world.gateway.client.get(world.path("state"), headers=colleague).status_code == 200


def test_wrong_signatures_from_everywhere_cost_a_small_share_of_the_hour(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    with serve(requests_per_hour=1000) as gateway:
        world = WidgetWorld(gateway, megaplan, uis, tables)
        assert world.state(SELLER)
        known = verifications(world)
        statuses = flood(world, [wrong(world, number, f"192.0.2.{number % 100}") for number in range(300)])
        assert statuses == {403: 50, 429: 250}
        assert verifications(world) - known == 50
        assert world.state(SELLER)


def test_another_number_of_the_widget_key_replaces_it(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    with serve(widget_key_number=2) as gateway:
        world = WidgetWorld(gateway, megaplan, uis, tables)
        headers = world.headers(SELLER)
        assert gateway.client.get(world.path("state"), headers=headers).status_code == 404
        path = gateway.path("/widget/state", widget_key(MEGAPLAN_SECRET, 2) or "")
        assert gateway.client.get(path, headers=headers).status_code == 200


def test_while_megaplan_fails_nobody_is_authenticated(world: WidgetWorld) -> None:
    world.megaplan.control("faults", [{"kind": "500", "path": "/integration", "count": 5}])
    headers = {"Origin": world.megaplan.url, "X-User-Sign": world.signature(SELLER)}
    for _ in range(5):
        answer = world.gateway.client.get(world.path("state"), headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert verifications(world) == 1, "a failing Megaplan is not asked again by every widget"


@pytest.mark.parametrize("status", [400, 403])
def test_a_rejected_signature_is_cached_whatever_the_error(status: int, world: WidgetWorld) -> None:
    world.megaplan.control("faults", [{"kind": "500", "status": status, "path": "/integration"}])
    headers = {"Origin": world.megaplan.url, "X-User-Sign": "wrong"}
    for _ in range(3):
        assert world.gateway.client.get(world.path("state"), headers=headers).status_code == 403
    assert verifications(world) == 1


def test_a_hanging_postgres_does_not_keep_the_widget_waiting(
    serve: Callable[..., Any],
    megaplan: EmulatedMegaplan,
    uis: Uis,
    tables: Connection[Any],
    database_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its connections stay open, so nothing fails and nothing answers."""
    running = serve(Options(widget_seconds=1.0))
    with stalling_proxy(database_uri) as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(proxy.connection))
        with running as gateway:
            world = WidgetWorld(gateway, megaplan, uis, tables)
            assert world.state(SELLER)
            proxy.hang()
            answer = gateway.client.get(world.path("state"), headers=world.headers(SELLER))  # 20 s at most
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_an_employee_without_a_telephone_gets_the_reason(world: WidgetWorld) -> None:
    answer = world.send("call", STRANGER, phone=CLIENT)
    assert (answer.status_code, nothing_done(world)) == (403, True)
    assert "нет внутреннего номера" in answer.json()["error"]


def test_a_command_id_cannot_be_reused_for_another_command(world: WidgetWorld) -> None:
    assert world.send("call", SELLER, ID, phone=CLIENT).json()["state"] == "done"
    for employee, what in ((COLLEAGUE, CLIENT), (SELLER, "+79161234568")):
        answer = world.send("call", employee, ID, phone=what)
        assert (answer.status_code, len(world.started_calls())) == (409, 1)
    assert world.send("do-not-disturb", SELLER, ID, value=True).status_code == 409
    assert world.send("hang-up", SELLER, ID, call_session_id="1").status_code == 409


BAD: tuple[tuple[str, Any, int], ...] = (
    ("call", b"", 400),
    ("call", b"[1]", 400),
    ("call", b"\xff\xfe", 400),
    ("call", b"[" * 100_000, 400),
    ("call", b"x" * (1024 * 1024 + 1), 413),
    ("call", {"phone": CLIENT}, 422),
    ("call", {"command_id": "short", "phone": CLIENT}, 422),
    ("call", {"command_id": ID + "\x00", "phone": CLIENT}, 422),
    ("call", {"command_id": ID}, 422),
    ("call", {"command_id": ID, "phone": 79161234567}, 422),
    ("call", {"command_id": ID, "phone": "позвони мне"}, 422),
    ("call", {"command_id": ID, "phone": "101"}, 422),
    ("call", {"command_id": ID, "phone": "7" * 200}, 422),
    ("hang-up", {"command_id": ID}, 422),
    ("hang-up", {"command_id": ID, "call_session_id": True}, 422),
    ("hang-up", {"command_id": ID, "call_session_id": "1 OR 1=1"}, 422),
    ("hang-up", {"command_id": ID, "call_session_id": 10**30}, 422),
    ("do-not-disturb", {"command_id": ID}, 422),
    ("do-not-disturb", {"command_id": ID, "value": "true"}, 422),
)


def test_malformed_bodies_are_refused_with_a_reason(world: WidgetWorld) -> None:
    headers = world.headers(SELLER)
    for route, body, status in BAD:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = world.gateway.client.post(world.path(route), content=content, headers=headers)
        assert answer.status_code == status, (route, str(body)[:100])
        assert answer.json()["error"]
    assert nothing_done(world)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.binary(max_size=300) | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("command_id", "phone", "call_session_id", "value"), JSON)
).map(lambda body: json.dumps(body).encode())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(["call", "hang-up", "do-not-disturb"]), body=BODIES)
def test_no_body_breaks_the_gateway(world: WidgetWorld, route: str, body: bytes) -> None:
    answer = world.gateway.client.post(world.path(route), content=body, headers=world.headers(SELLER))
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


def test_no_personal_data_or_signature_is_logged(
    world: WidgetWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    world.uis.control("mutate", {"op": "block_number", "phone": CLIENT.removeprefix("+")})
    world.send("call", SELLER, phone=CLIENT)
    world.send("hang-up", COLLEAGUE, call_session_id="700100200")
    logged = "\n".join(
        f"{record.getMessage()} {vars(record)}"
        for record in caplog.records
        if record.name.startswith("megaplan_gateway")
    )
    assert "command refused" in logged
    for secret in (CLIENT.removeprefix("+"), world.signature(SELLER), str(widget_key(MEGAPLAN_SECRET))):
        assert secret not in logged


def test_one_employee_cannot_use_up_the_accounts_points(world: WidgetWorld) -> None:
    sent = [world.send("do-not-disturb", SELLER, value="often").status_code for _ in range(61)]
    assert sent == [*[422] * 60, 429]
    assert world.send("do-not-disturb", COLLEAGUE, value="often").status_code == 422
