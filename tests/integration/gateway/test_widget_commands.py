"""Commands of the widget: each executed once, for its own employee, with a readable outcome."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import Connection, sql

from demo.emulated_megaplan import EmulatedMegaplan
from demo.processes import free_port
from megaplan_sync.inbox.event_store import store_report_rows
from tests.emulators.uis_client import Client as Uis

from .process import gateway_process
from .waiting import until
from .widget_world import CLIENT, COLLEAGUE, SELLER, UIS_IDS, WidgetWorld

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.gateway.widget_fixtures"]


# -- click-to-call


def test_a_call_is_started_as_an_outgoing_call_of_the_employee(world: WidgetWorld) -> None:
    answer = world.send("call", SELLER, "a" * 32, phone="8 (916) 123-45-67")
    assert answer.json()["state"] == "done"
    (started,) = world.started_calls()
    params = started["params"]
    assert (params["employee"], params["contact"]) == ({"id": UIS_IDS[SELLER]}, CLIENT.removeprefix("+"))
    assert (params["direction"], params["virtual_phone_number"]) == ("out", "74950000001")
    assert (params["first_call"], params["external_id"]) == ("employee", f"widget-{'a' * 32}")
    assert answer.json()["call_session_id"] == str(started["call_session_id"])


def test_a_repeated_command_starts_no_second_call(world: WidgetWorld) -> None:
    answers = [world.send("call", SELLER, "b" * 32, phone=CLIENT).json() for _ in range(3)]
    assert len({answer["call_session_id"] for answer in answers}) == len(world.started_calls()) == 1


def test_a_double_click_with_two_command_ids_starts_one_call(world: WidgetWorld) -> None:
    answers: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(world.send("call", SELLER, phone=CLIENT).json()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer["state"] for answer in answers] == ["done"] * 4
    assert len({answer["call_session_id"] for answer in answers}) == len(world.started_calls()) == 1


def test_two_employees_may_call_the_same_number(world: WidgetWorld) -> None:
    for employee in (SELLER, COLLEAGUE):
        assert world.send("call", employee, phone=CLIENT).json()["state"] == "done"
    assert len(world.started_calls()) == 2


def test_a_call_whose_response_was_lost_is_looked_up_and_not_started_again(world: WidgetWorld) -> None:
    world.uis.control(
        "faults", {"kind": "reset", "method": "start.employee_call", "processed": True, "count": 1}
    )
    answer = world.send("call", SELLER, "c" * 32, phone=CLIENT).json()
    assert (answer["state"], len(world.uis.control("calls", method="GET"))) == ("done", 1)
    assert world.request_count("start.employee_call") == 1


def test_a_call_with_unknown_outcome_is_not_started_again_automatically(world: WidgetWorld) -> None:
    world.uis.control("faults", {"kind": "close", "method": "start.employee_call", "count": 1})
    first = world.send("call", SELLER, "d" * 32, phone=CLIENT).json()
    assert (first["state"], world.uis.control("calls", method="GET")) == ("unknown", [])
    assert world.send("call", SELLER, "d" * 32, phone=CLIENT).json()["state"] == "unknown"
    assert world.request_count("start.employee_call") == 1
    assert world.send("call", SELLER, phone=CLIENT).json()["state"] == "done"
    assert len(world.started_calls()) == 1


def test_an_unconfirmed_call_is_looked_up_before_another_one_is_started(world: WidgetWorld) -> None:
    fault = {"kind": "reset", "method": "start.employee_call", "processed": True, "count": 1}
    world.uis.control("faults", [fault, {"kind": "500", "method": "list.calls", "count": 6}])
    assert world.send("call", SELLER, phone=CLIENT).json()["state"] == "unknown"
    assert world.send("call", SELLER, phone=CLIENT).json()["state"] == "done"
    assert (world.request_count("start.employee_call"), len(world.uis.control("calls", method="GET"))) == (
        1,
        1,
    )


def test_a_command_of_a_killed_gateway_is_looked_up_and_not_repeated(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any], tmp_path: Path
) -> None:
    successor = serve()
    uis.control("mutate", {"op": "next_api_call", "talk": None})
    uis.control("faults", {"kind": "slow", "method": "start.employee_call", "seconds": 20, "count": 1})
    port = free_port(0)
    with gateway_process(port, tmp_path / "gateway.log") as process, successor as gateway:
        world = WidgetWorld(gateway, megaplan, uis, tables)
        address, headers = f"http://127.0.0.1:{port}{world.path('call')}", world.headers(SELLER)
        body = {"command_id": "e" * 32, "phone": CLIENT}
        request = threading.Thread(target=lambda: _post_without_response(address, body, headers))
        request.start()
        until(lambda: world.request_count("start.employee_call"))
        process.send_signal(signal.SIGKILL)
        request.join()
        assert world.commands() == [("call", "working", None)]
        tables.execute("UPDATE telephony.commands SET taken_at = now() - interval '31 s'")
        answer = world.send("call", SELLER, "e" * 32, phone=CLIENT).json()
        (call,) = world.uis.control("calls", method="GET")
        assert (answer["state"], answer["call_session_id"]) == ("done", str(call["id"]))
        assert world.request_count("start.employee_call") == 1


def _post_without_response(address: str, body: dict[str, str], headers: dict[str, str]) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.post(address, json=body, headers=headers, trust_env=False, timeout=30)


@pytest.mark.parametrize(
    ("mutation", "words"),
    [
        ({"op": "block_number", "phone": CLIENT.removeprefix("+")}, "в чёрном списке"),
        (
            {"op": "update_employee", "employee": 504, "fields": {"phone_numbers": []}},
            "нет активного телефона",
        ),
        ({"op": "remove_employee", "employee": 504}, "не нашла вас"),
    ],
)
def test_a_rejection_by_uis_gets_a_readable_message(
    world: WidgetWorld, mutation: dict[str, Any], words: str
) -> None:
    world.uis.control("mutate", mutation)
    answer = world.send("call", SELLER, phone=CLIENT)
    assert (answer.status_code, answer.json()["state"]) == (200, "failed")
    assert words in answer.json()["message"]


# -- hanging up


def talking(world: WidgetWorld, employee: int = SELLER) -> int:
    """Start a call in the widget, answer it on both ends, and return its session."""
    world.uis.control(
        "mutate", {"op": "next_api_call", "employee_answers": 0, "contact_answers": 0, "talk": None}
    )
    session = int(world.send("call", employee, phone=CLIENT).json()["call_session_id"])
    until(lambda: world.uis.truth(session)["talks"])
    return session


def test_an_employee_can_end_an_own_call(world: WidgetWorld) -> None:
    session = talking(world)
    answer = world.send("hang-up", SELLER, call_session_id=str(session))
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    assert world.uis.truth(session)["finished"]


def test_an_employee_cannot_end_another_employees_call(world: WidgetWorld) -> None:
    session = talking(world)
    answer = world.send("hang-up", COLLEAGUE, call_session_id=str(session))
    assert (answer.status_code, answer.json()["error"]) == (
        403,
        "Это чужой звонок. Завершить можно только свой.",
    )
    assert world.uis.truth(session)["finished"] is None
    assert world.request_count("release.call") == 0


def test_a_failed_hang_up_is_reported_as_failed(world: WidgetWorld) -> None:
    session = talking(world)
    fault = {"kind": "rpc", "method": "release.call", "mnemonic": "invalid_state", "count": 1}
    world.uis.control("faults", fault)
    answer = world.send("hang-up", SELLER, call_session_id=str(session)).json()
    assert (answer["state"], "в другом состоянии" in answer["message"]) == ("failed", True)
    assert not world.uis.truth(session)["finished"]


def test_a_repeated_hang_up_returns_the_first_outcome(world: WidgetWorld) -> None:
    session = talking(world)
    answers = [world.send("hang-up", SELLER, "f" * 32, call_session_id=str(session)) for _ in range(2)]
    assert [answer.json()["message"] for answer in answers] == ["Звонок завершён."] * 2
    assert world.request_count("release.call") == 1


def test_an_unknown_call_cannot_be_ended(world: WidgetWorld) -> None:
    answer = world.send("hang-up", SELLER, call_session_id="700999999")
    assert (answer.status_code, world.request_count("release.call")) == (409, 0)


def test_while_several_telephones_ring_nobody_can_hang_up_on_the_client(world: WidgetWorld) -> None:
    call = {"op": "play_call", "kind": "incoming", "contact": "79000000001", "employee_answers": None}
    session = world.uis.mutate(**call)["id"]
    until(lambda: len(world.uis.truth(session)["legs"]) >= 3)
    answer = world.send("hang-up", 1_000_000, call_session_id=str(session))
    assert (answer.status_code, world.request_count("release.call")) == (403, 0)


def test_without_list_calls_in_the_uis_plan_our_own_events_decide(world: WidgetWorld) -> None:
    session = talking(world)
    world.uis.control("knobs", {"disabled_components": "callapi_management_call"})
    try:
        assert world.send("hang-up", COLLEAGUE, call_session_id=str(session)).status_code == 403
        assert world.send("hang-up", SELLER, call_session_id=str(session)).json()["state"] == "done"
    finally:
        world.uis.control("knobs", {"disabled_components": "analytics"})


# -- the state


def test_the_widget_shows_calls_from_notifications(world: WidgetWorld) -> None:
    def notify(event: str, employee: int, **more: Any) -> None:
        body = {"notification_mnemonic": event, "call_session_id": 700100200, "employee_id": employee}
        body |= {
            "contact_phone_number": "79161234567",
            "direction": "in",
            "notification_time": more.pop("at"),
        }
        assert world.gateway.notify(body | more).status_code == 200

    notify("call_proceeding", 504, at="2026-01-15 10:00:01.000")
    notify("call_proceeding", 505, at="2026-01-15 10:00:01.100")
    ringing = until(lambda: world.state(SELLER)["calls"])
    assert [(call["message"], call["phone"], call["can_hang_up"]) for call in ringing] == [
        ("Входящий звонок:", "+79161234567", False)
    ]
    notify("call_connected", 505, at="2026-01-15 10:00:05.000")
    until(lambda: world.state(SELLER)["calls"] == [])
    assert [(call["message"], call["can_hang_up"]) for call in world.state(COLLEAGUE)["calls"]] == [
        ("Разговор:", True)
    ]
    notify("call_session_finished", 505, at="2026-01-15 10:00:09.000")
    until(lambda: world.state(COLLEAGUE)["calls"] == [])
    other = {"call_session_id": 700100201, "contact_phone_number": "102"}
    notify("call_connected", 505, at="2026-01-15 10:01:00.000", **other)
    until(lambda: [call["phone"] for call in world.state(COLLEAGUE)["calls"]] == ["102"])
    ended = {"id": 700100201, "start_time": "2026-01-15 10:01:00", "finish_time": "2026-01-15 10:02:00"}
    store_report_rows(world.database, world.gateway.account, [ended])  # its final notification was lost
    until(lambda: world.state(COLLEAGUE)["calls"] == [])


def test_a_call_is_shown_before_its_first_notification(world: WidgetWorld) -> None:
    session = world.send("call", SELLER, phone=CLIENT).json()["call_session_id"]
    calls = until(lambda: world.state(SELLER)["calls"])
    assert [(call["call_session_id"], call["message"]) for call in calls] == [(session, "Исходящий звонок:")]
    assert world.state(COLLEAGUE)["calls"] == []


def test_old_commands_are_deleted(world: WidgetWorld) -> None:
    world.database.execute(
        """INSERT INTO telephony.commands (account, command_id, employee_id, kind, state, taken_at)
        VALUES (%s, %s, 1, 'call', 'done', now() - interval '31 days')""",
        (world.gateway.account, uuid4().hex),
    )
    world.state(SELLER)
    until(lambda: world.commands() == [])


# -- Postgres


@contextmanager
def blocked(postgres: str, database: Connection[Any]) -> Iterator[None]:
    """Close the database to all sessions but the test's own."""
    name = database.info.dbname
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        database.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )
        try:
            yield
        finally:
            other.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))


def test_while_postgres_is_down_no_call_is_started_and_the_widget_asks_to_retry(
    world: WidgetWorld, postgres: str, tables: Connection[Any]
) -> None:
    world.state(SELLER)  # caches the signature
    with blocked(postgres, tables):
        answer = world.send("call", SELLER, "a" * 32, phone=CLIENT)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "Попробуйте ещё раз" in answer.json()["error"]
    assert world.request_count("start.employee_call") == 0
    until(lambda: world.send("call", SELLER, "a" * 32, phone=CLIENT).status_code == 200)
    assert len(world.started_calls()) == 1


def test_a_call_started_while_postgres_goes_down_is_found_later(
    world: WidgetWorld, postgres: str, tables: Connection[Any]
) -> None:
    world.state(SELLER)
    world.uis.control("mutate", {"op": "next_api_call", "talk": None})
    world.uis.control("faults", {"kind": "slow", "method": "start.employee_call", "seconds": 1.0, "count": 1})
    sending = threading.Thread(target=lambda: world.send("call", SELLER, "b" * 32, phone=CLIENT))
    sending.start()
    until(lambda: world.request_count("start.employee_call"))
    with blocked(postgres, tables):
        sending.join()
    assert world.commands() == [("call", "working", None)]
    tables.execute("UPDATE telephony.commands SET taken_at = now() - interval '1 minute'")
    answer = until(
        lambda: (sent := world.send("call", SELLER, "b" * 32, phone=CLIENT)).status_code == 200 and sent
    )
    assert (answer.json()["state"], world.request_count("start.employee_call")) == ("done", 1)
