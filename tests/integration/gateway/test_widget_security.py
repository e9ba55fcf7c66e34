"""Who may command, from which page, with which body: everything else gets 4xx and a reason, and does nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_gateway.accounts.widget_key import widget_key
from tests.emulators.uis_client import Client as Uis

from .served import MEGAPLAN_SECRET
from .widget_world import CLIENT, COLLEAGUE, SELLER, STRANGER, WidgetWorld

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.gateway.widget_fixtures"]

ID = "0123456789abcdef"


def nothing_done(world: WidgetWorld) -> bool:
    return not world.uis.control("requests", method="GET") and world.commands() == []


def checks(world: WidgetWorld) -> int:
    """Return how often Megaplan was asked for a sign."""
    return sum("checkUserSign" in entry["path"] for entry in world.megaplan.control("requests"))


def test_without_the_widgets_key_there_is_nothing(world: WidgetWorld) -> None:
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


def test_the_widgets_key_opens_nothing_else(world: WidgetWorld) -> None:
    key = widget_key(MEGAPLAN_SECRET) or ""
    assert key not in MEGAPLAN_SECRET
    assert world.gateway.client.post(world.gateway.path("/uis", key), json={}).status_code == 404


ORIGINS = ("https://evil.example", "http://127.0.0.1", "null", "", "http://127.0.0.1:1.evil.example")


def test_pages_of_other_sites_are_refused(world: WidgetWorld) -> None:
    for origin in ORIGINS:
        headers = world.headers(SELLER, Origin=origin)
        body = {"command_id": ID, "phone": CLIENT}
        answer = world.gateway.client.post(world.path("call"), json=body, headers=headers)
        asked = world.gateway.client.options(world.path("call"), headers={"Origin": origin})
        for refused in (answer, asked):
            assert refused.status_code == 403, origin
            assert refused.headers["access-control-allow-origin"] == world.megaplan.url != origin
    assert (nothing_done(world), checks(world)) == (True, 0)


def test_a_request_that_hides_where_it_comes_from_is_refused(world: WidgetWorld) -> None:
    headers = {"X-User-Sign": world.sign(SELLER)}
    answer = world.gateway.client.post(
        world.path("call"), json={"command_id": ID, "phone": CLIENT}, headers=headers
    )
    assert (answer.status_code, nothing_done(world)) == (403, True)


def test_the_accounts_own_page_may_ask(world: WidgetWorld) -> None:
    asked = {
        "Origin": world.megaplan.url,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-user-sign",
    }
    answer = world.gateway.client.options(world.path("call"), headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == world.megaplan.url
    assert answer.headers["access-control-allow-headers"] == "Content-Type, X-User-Sign"
    assert "access-control-allow-credentials" not in answer.headers


def test_another_origin_may_be_named_by_a_quirk(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> None:
    with serve(vendor_quirks={"widget_origin": "https://frames.example.org"}) as gateway:
        world = WidgetWorld(gateway, megaplan, uis, tables)
        headers = world.headers(SELLER, Origin="https://frames.example.org")
        assert gateway.client.get(world.path("state"), headers=headers).status_code == 200
        assert gateway.client.get(world.path("state"), headers=world.headers(SELLER)).status_code == 403


SIGNS = (
    "",
    "1000003.00000000000000000000000000000000",
    "1000003",
    "../../employee/1000003",
    "x" * 600,
    "a b",
)


def test_a_wrong_sign_is_nobodys(world: WidgetWorld) -> None:
    for sign in SIGNS:
        headers = {"Origin": world.megaplan.url, "X-User-Sign": sign}
        body = {"command_id": ID, "phone": CLIENT}
        answer = world.gateway.client.post(world.path("call"), json=body, headers=headers)
        assert (answer.status_code, "обновите страницу" in answer.json()["error"]) == (403, True), sign
    asked = [entry["path"] for entry in world.megaplan.control("requests")]
    assert not [path for path in asked if path.startswith("/api/v3/employee")]
    assert nothing_done(world)


def test_a_sign_of_another_application_is_nobodys(world: WidgetWorld) -> None:
    other = f"{SELLER}." + world.sign(COLLEAGUE).partition(".")[2]
    headers = {"Origin": world.megaplan.url, "X-User-Sign": other}
    assert world.gateway.client.get(world.path("state"), headers=headers).status_code == 403


def test_a_good_sign_is_checked_once_in_a_while_and_wrong_ones_not_without_end(world: WidgetWorld) -> None:
    for _ in range(5):
        world.state(SELLER)
    assert checks(world) == 1
    for place in range(30):
        headers = {"Origin": world.megaplan.url, "X-User-Sign": f"1.{place}"}
        status = world.gateway.client.get(world.path("state"), headers=headers).status_code
        assert status == (403 if place < 20 else 429)
    assert checks(world) == 21
    world.state(SELLER)


def test_megaplan_being_away_lets_nobody_in(world: WidgetWorld) -> None:
    world.megaplan.control("faults", [{"kind": "500", "path": "/integration", "count": 5}])
    headers = {"Origin": world.megaplan.url, "X-User-Sign": world.sign(SELLER)}
    for _ in range(5):
        answer = world.gateway.client.get(world.path("state"), headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert checks(world) == 1, "while Megaplan fails, it is not asked by every widget again and again"


@pytest.mark.parametrize("status", [400, 403])
def test_whatever_megaplan_refuses_a_wrong_sign_with_it_is_not_asked_without_end(
    status: int, world: WidgetWorld
) -> None:
    world.megaplan.control("faults", [{"kind": "500", "status": status, "path": "/integration"}])
    headers = {"Origin": world.megaplan.url, "X-User-Sign": "wrong"}
    for _ in range(3):
        assert world.gateway.client.get(world.path("state"), headers=headers).status_code == 403
    assert checks(world) == 1


def test_who_does_not_telephone_is_told_so(world: WidgetWorld) -> None:
    answer = world.send("call", STRANGER, phone=CLIENT)
    assert (answer.status_code, nothing_done(world)) == (403, True)
    assert "нет внутреннего номера" in answer.json()["error"]


def test_a_command_of_somebody_else_is_not_repeated(world: WidgetWorld) -> None:
    assert world.send("call", SELLER, ID, phone=CLIENT).json()["state"] == "done"
    for employee, what in ((COLLEAGUE, CLIENT), (SELLER, "+79161234568")):
        answer = world.send("call", employee, ID, phone=what)
        assert (answer.status_code, len(world.started())) == (409, 1)
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


def test_bad_bodies_are_refused_with_a_reason(world: WidgetWorld) -> None:
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


def test_nothing_of_people_and_no_sign_is_logged(
    world: WidgetWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    world.uis.control("mutate", {"op": "block_number", "phone": CLIENT.removeprefix("+")})
    world.send("call", SELLER, phone=CLIENT)
    world.send("hang-up", COLLEAGUE, call_session_id="700100200")
    told = "\n".join(
        f"{record.getMessage()} {vars(record)}"
        for record in caplog.records
        if record.name.startswith("megaplan_gateway")
    )
    assert "command refused" in told
    for secret in (CLIENT.removeprefix("+"), world.sign(SELLER), str(widget_key(MEGAPLAN_SECRET))):
        assert secret not in told


def test_one_employee_cannot_spend_everybodys_points(world: WidgetWorld) -> None:
    sent = [world.send("do-not-disturb", SELLER, value="often").status_code for _ in range(61)]
    assert sent == [*[422] * 60, 429]
    assert world.send("do-not-disturb", COLLEAGUE, value="often").status_code == 422
