"""Routing: UIS always gets an answer in time, the best one available."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from megaplan_gateway.options import Options
from tests.emulators.uis_client import Client

from .call_world import ANNA, OLGA, PETER, STRANGER, CallWorld
from .served import ServedGateway, served, set_connections
from .stalling import stalling_proxy

pytest_plugins = ["tests.emulators.uis_fixtures"]

FALLBACK = {"route_fallback": "+7 495 000-00-77, 0100009"}
FALLBACK_ANSWER = {"phones": ["74950000077", "0100009"]}


@pytest.fixture
def fallback(
    call_world: CallWorld,
    monkeypatch: pytest.MonkeyPatch,
    connect: Callable[..., str],
) -> Callable[..., None]:
    """The connections with fallback numbers; returns a function that changes further settings."""

    def make(**settings: Any) -> None:
        set_connections(
            monkeypatch, call_world.database_uri, connect, call_world.uis.url, **{**FALLBACK, **settings}
        )

    make()
    return make


def insert_contact(
    call_world: CallWorld, phone: str, *responsible: int, number: int = 77, **values: Any
) -> None:
    """Insert a contact into the raw tables."""
    row = {
        "account": call_world.account,
        "id": number,
        "responsible": list(responsible),
        "phone": phone,
        **values,
    }
    call_world.database.execute(
        """INSERT INTO megaplan_raw.contacts (account, payload, content_hash)
        VALUES (
          %(account)s,
          jsonb_build_object(
            'contentType', 'ContractorHuman', 'id', %(id)s,
            'responsibles', (
              SELECT jsonb_agg(jsonb_build_object('contentType', 'Employee', 'id', id))
              FROM unnest(%(responsible)s::bigint[]) AS id
            )
          ),
          ''
        )""",
        row,
    )
    call_world.database.execute(
        """INSERT INTO megaplan_raw.contact_points (account, contact_id, position, phone_e164)
        VALUES (%(account)s, %(id)s, 0, %(phone)s)""",
        row,
    )


def ask(gateway: ServedGateway, caller: str = STRANGER, **more: str) -> Any:
    started = time.monotonic()
    values = {"numa": caller, "numb": "74950000002", "cdr_id": "700100200", **more}
    answer = gateway.client.get(gateway.path("/route"), params=values)
    assert time.monotonic() - started < 2, "UIS is assumed to wait two seconds"
    assert answer.status_code == 200
    return answer.json()


def test_the_responsible_managers_of_a_known_number_are_rung(
    call_world: CallWorld, fallback: Callable[..., None]
) -> None:
    insert_contact(call_world, f"+{STRANGER}", PETER, ANNA)
    insert_contact(call_world, f"+{STRANGER}", OLGA, PETER, number=78)
    with served(call_world.account) as gateway:
        assert ask(gateway) == {"phones": ["0100002", "0100001", "0100003"]}
        assert ask(gateway, "8 (999) 555-00-11") == ask(gateway)
    assert call_world.requests("/callRoute") == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE megaplan_raw.contacts SET deleted_at = now()",
        """UPDATE megaplan_raw.contacts SET payload = payload || '{"isDropped": true}'""",
        "UPDATE megaplan_raw.contact_points SET deleted_at = now()",
        """UPDATE megaplan_raw.contacts SET payload = payload || '{"responsibles": []}'""",
        "DELETE FROM telephony.users",
        """INSERT INTO megaplan_raw.employees (account, payload, content_hash)
        SELECT account, jsonb_build_object('id', responsible_ids[1], 'isWorking', false), ''
        FROM megaplan_raw.contacts""",
        "DROP SCHEMA megaplan_raw CASCADE",
        "DROP SCHEMA telephony CASCADE",
    ],
    ids=[
        "deleted",
        "dropped",
        "number removed",
        "nobody",
        "no telephone",
        "left",
        "no raw tables",
        "no tables",
    ],
)
def test_deleted_contacts_and_employees_are_ignored(
    change: str, call_world: CallWorld, fallback: Callable[..., None]
) -> None:
    insert_contact(call_world, f"+{STRANGER}", PETER)
    call_world.database.execute(change)
    with served(call_world.account) as gateway:
        assert ask(gateway) == FALLBACK_ANSWER


@pytest.mark.parametrize("shape", ["array", "object"])
def test_a_number_missing_in_the_raw_tables_is_looked_up_in_megaplan(
    shape: str, call_world: CallWorld, fallback: Callable[..., None]
) -> None:
    call_world.megaplan.control("knobs", {"call_route_employees": shape})
    people = call_world.megaplan.control("state?entity=contractors")
    contact = next(
        row
        for row in people
        if row["contentType"] == "ContractorHuman" and row["contactInfo"] and row["responsibles"]
        if row["contactInfo"][0]["type"] == "phone"
    )
    phone, responsible = contact["contactInfo"][0]["value"], int(contact["responsibles"][0]["id"])
    call_world.database.execute("DELETE FROM telephony.users")
    call_world.add_telephony_users(responsible)
    with served(call_world.account) as gateway:
        assert ask(gateway, phone)["phones"] == [f"010000{responsible - ANNA + 1}"]
        assert ask(gateway, STRANGER) == FALLBACK_ANSWER


def test_a_number_that_megaplan_does_not_know_is_asked_about_once_in_a_while(
    call_world: CallWorld, fallback: Callable[..., None]
) -> None:
    with served(call_world.account) as gateway:
        for _ in range(3):
            assert ask(gateway, STRANGER) == FALLBACK_ANSWER
        assert len(call_world.requests("/callRoute")) == 1
        call_world.megaplan.control("faults", {"kind": "500", "path": "/callRoute", "count": 1})
        for number in ("79160000001", "79160000001"):
            assert ask(gateway, number) == FALLBACK_ANSWER
        assert len(call_world.requests("/callRoute")) == 3, "a failure says nothing about the number"


@pytest.mark.parametrize("kind", ["timeout", "slow", "500", "html", "429", "reset"])
def test_a_failing_megaplan_does_not_exceed_the_deadline(
    kind: str, call_world: CallWorld, fallback: Callable[..., None]
) -> None:
    call_world.megaplan.control("faults", {"kind": kind, "path": "/", "seconds": 5})
    with served(call_world.account, Options(route_seconds=0.6)) as gateway:
        assert ask(gateway) == FALLBACK_ANSWER
    call_world.megaplan.control("faults", method="DELETE")


def test_without_postgres_megaplan_is_asked_before_the_fallback(
    call_world: CallWorld, fallback: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = json.dumps({"conn_type": "postgres", "host": "127.0.0.1", "port": 9, "schema": "x"})
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", nowhere)
    with served(call_world.account) as gateway:
        assert ask(gateway) == FALLBACK_ANSWER
        assert call_world.requests("/callRoute") == ["GET /callRoute"]


def test_a_hanging_postgres_does_not_exceed_the_deadline(
    call_world: CallWorld, fallback: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections stay open, so nothing fails and nothing answers."""
    insert_contact(call_world, f"+{STRANGER}", PETER)
    with stalling_proxy(call_world.database_uri) as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(proxy.connection))
        with served(call_world.account, Options(store_seconds=1)) as gateway:
            assert ask(gateway) == {"phones": ["0100002"]}
            proxy.hang()
            assert ask(gateway) == FALLBACK_ANSWER
            assert gateway.client.get("/ready").status_code == 503
            started = time.monotonic()
            assert gateway.notify({"call_session_id": 5}).status_code == 503
            assert time.monotonic() - started < 2
            proxy.close()


def test_without_fallback_numbers_the_scenario_decides(call_world: CallWorld) -> None:
    with served(call_world.account) as gateway:
        assert ask(gateway) == {"returned_code": 0}


@pytest.mark.parametrize("caller", ["", "anonymous", "101", "None"])
def test_a_caller_without_a_number_gets_the_fallback(
    caller: str, call_world: CallWorld, fallback: Callable[..., None]
) -> None:
    with served(call_world.account) as gateway:
        assert ask(gateway, caller) == FALLBACK_ANSWER


@pytest.mark.parametrize(
    ("which", "phones"),
    [("active", ["0100002", "79161234567"]), ("outside", ["79161234567"]), ("internal", ["102"])],
)
def test_the_quirk_selects_which_telephones_are_returned(
    which: str, phones: list[str], call_world: CallWorld, fallback: Callable[..., None]
) -> None:
    insert_contact(call_world, f"+{STRANGER}", PETER)
    call_world.database.execute("UPDATE telephony.users SET lines = lines || '{79161234567}'")
    fallback(uis={"vendor_quirks": {"route_phones": which}})
    with served(call_world.account) as gateway:
        assert ask(gateway) == {"phones": phones}


def test_a_malformed_request_is_refused_with_the_reason(call_world: CallWorld) -> None:
    with served(call_world.account) as gateway:
        answer = gateway.client.post(gateway.path("/route"), content=b"\x00[[[")
        assert answer.status_code == 400
        assert "Not an interactive request" in answer.json()["error"]
        assert gateway.client.get(gateway.path("/route", secret="wrong")).status_code == 404


@pytest.mark.parametrize(
    "knobs",
    [
        {"interactive_method": "GET"},
        {"interactive_method": "POST", "interactive_encoding": "form", "interactive_id": "call_session_id"},
        {"interactive_method": "POST", "interactive_encoding": "json"},
        {"interactive_method": "POST", "interactive_encoding": "query"},
    ],
    ids=["get", "form", "json", "query"],
)
def test_a_call_reaches_the_responsible_manager(
    knobs: dict[str, str], call_world: CallWorld, fallback: Callable[..., None], uis: Client
) -> None:
    insert_contact(call_world, f"+{STRANGER}", OLGA)
    with served(call_world.account) as gateway:
        uis.control("knobs", {**knobs, "interactive_url": gateway.url + gateway.path("/route")})
        call = uis.play("interactive", virtual_number="74950000002", contact=STRANGER)
    assert call["talked"] == [503]
