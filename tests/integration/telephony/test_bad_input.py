"""Errors in a connection, a parameter or a body are reported with field and remedy, and no call is lost."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION
from megaplan_sync.telephony.assets import TELEPHONY_USERS
from megaplan_sync.telephony.night.operators import ReconcileCallsOperator
from megaplan_sync.telephony.people.operators import TelephonyUsersToPostgresOperator
from megaplan_sync.telephony.push.operators import PushCallsOperator, PushNewCallsOperator
from tests.emulators.uis_client import Client

from ..airflow_runs import postgres_connection
from ..stored_messages import store_message
from .push_world import ALL_DONE, EMPLOYEE, STRANGER, UIS_EMPLOYEE, PushWorld
from .two_sides import FIRST_EMPLOYEE, TelephonySettings, uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]

ACCOUNT = "megaplan_default"
EXPIRED_TOKEN = "uis-expired-token"
STRANGE_TOKEN = "a-key-of-another-brand"
REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another brand": ({"access_token": STRANGE_TOKEN}, {}, "access_token_invalid.*brand is the key's own"),
    "expired": ({"access_token": EXPIRED_TOKEN}, {}, "access_token_expired.*make a new key"),
    "not whitelisted": (
        {},
        {"ip_whitelist": "10.1.2.3/32"},
        "ip_not_whitelisted.*public address in the cabinet",
    ),
}
"""Settings of the UIS connection, knobs of the cabinet, part of the message."""


@pytest.fixture
def cabinet(
    uis: Client, world: PushWorld, connect: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """The cabinet, and connections to all sides with which everything works."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(uis_connection(uis.url, records_url=uis.url)))
    megaplan_is(connect)
    before = uis.control("knobs", method="GET")
    yield uis
    uis.control("knobs", before)


def megaplan_is(connect: Callable[..., str], **settings: Any) -> None:
    """Set the Megaplan connection."""
    quirks = {"read_lag_seconds": 0}
    given = {"telephony_active": True, "uis_conn_id": "uis_default", "vendor_quirks": quirks, **settings}
    assert connect(ACCOUNT, **given) == ACCOUNT


def tasks(account: str = ACCOUNT) -> list[BaseOperator]:
    """Return a task of every kind that gets accounts by name: of the sync, the push and the night."""
    return [
        TelephonyUsersToPostgresOperator(task_id="map", accounts=[account], outlets=[TELEPHONY_USERS]),
        PushCallsOperator(task_id="push", accounts=[account]),
        ReconcileCallsOperator(task_id="compare", accounts=[account]),
    ]


def execute(task: BaseOperator) -> Any:
    context: Any = {"run_id": "manual", "outlet_events": OutletEventAccessors()}
    return task.execute(context)


def users(world: PushWorld) -> list[tuple[Any, ...]]:
    return world.database.execute("SELECT *, xmin FROM telephony.users ORDER BY employee_id").fetchall()


def assert_all_refuse(world: PushWorld, message: str, account: str = ACCOUNT) -> None:
    """Every task fails at once with the message, sends nothing to Megaplan, and keeps the mapping and the call."""
    before = users(world)
    for task in tasks(account):
        with pytest.raises(AirflowFailException, match=message):
            execute(task)
    assert (world.requests(), users(world)) == ([], before)


@pytest.mark.parametrize("minutes", [0, "two hours"])
def test_communication_minutes(
    world: PushWorld, cabinet: Client, connect: Callable[..., str], minutes: Any
) -> None:
    world.add_call()
    megaplan_is(connect, communication_minutes=minutes)
    field = f"{ACCOUNT}.*field 'communication_minutes': .*{minutes}.* from 1 to 1440"
    assert_all_refuse(world, field)
    megaplan_is(connect)
    execute(PushCallsOperator(task_id="push", accounts=[ACCOUNT]))
    assert world.states() == ("done", "none", "none")


def test_an_unknown_account(world: PushWorld, cabinet: Client) -> None:
    world.add_call()
    assert_all_refuse(world, "megaplan_defualt.*AIRFLOW_CONN_MEGAPLAN_DEFUALT", "megaplan_defualt")
    with pytest.raises(AirflowFailException, match=r"accounts: megaplan_defualt.*Variable megaplan_accounts"):
        execute(PushNewCallsOperator(task_id="push_new", accounts=["megaplan_defualt"]))
    assert world.requests() == []


@pytest.mark.parametrize(("extra", "knobs", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_cabinet_that_refuses_access(
    world: PushWorld,
    cabinet: Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    extra: dict[str, Any],
    knobs: dict[str, Any],
    message: str,
) -> None:
    """The sync and the night cannot work without UIS; calls known from events are delivered nevertheless."""
    now = cabinet.control("clock", method="GET")["timestamp"]
    unheard = int(cabinet.play("incoming_answered", start=now - 3600, employee=UIS_EMPLOYEE)["id"])
    heard = world.add_call()
    before = users(world)
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(uis_connection(cabinet.url, **extra)))
    cabinet.control("knobs", knobs)
    since = datetime.fromtimestamp(now, UTC).date().isoformat()
    sync, push, _ = tasks()
    night = ReconcileCallsOperator(task_id="compare", accounts=[ACCOUNT], since=since)
    for task in (sync, night):
        with pytest.raises(AirflowFailException, match=f"'uis_default'.*{message}"):
            execute(task)
    assert users(world) == before
    verdicts = "SELECT verdict FROM megaplan_raw.certificates"
    assert world.database.execute(verdicts).fetchall() == [("stopped",)]
    execute(push)
    assert [call["providerId"] for call in world.calls()] == [str(heard)]
    written = "".join(capsys.readouterr())
    assert "access_token" in written or "ip_not_whitelisted" in written, "the certificate says so"
    assert not any(token in written for token in (EXPIRED_TOKEN, STRANGE_TOKEN))

    connected = uis_connection(cabinet.url, records_url=cabinet.url)
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(connected))
    cabinet.control("knobs", {"ip_whitelist": "0.0.0.0/0"})
    execute(night)
    assert world.call(unheard)["toUser"]["id"] == str(EMPLOYEE)


@pytest.mark.parametrize("body", [b"", b"call 700 is over", b'{"call_session_id": 700', b"\xff\xfe\x00"])
def test_a_body_that_is_not_json(world: PushWorld, cabinet: Client, body: bytes) -> None:
    """It is stored as received, with the reason, and does not stop calls whose events can be parsed."""
    sound = {
        "notification_mnemonic": "call_session_finished",
        "notification_time": "2026-01-15 10:00:03.417",
        "call_session_id": 701,
        "direction": "in",
        "contact_phone_number": STRANGER,
        "start_time": "2026-01-15 09:59:00",
        "finish_time": "2026-01-15 10:00:03",
        "talk_time_duration": 60,
        "employee_id": UIS_EMPLOYEE,
    }
    for each in (body, json.dumps(sound).encode()):
        store_message(world.database, world.account, UIS_NOTIFICATION, each, "application/json")
    execute(PushCallsOperator(task_id="push", accounts=[ACCOUNT]))
    assert [call["providerId"] for call in world.calls()] == ["701"]
    kept = world.database.execute(
        "SELECT body, broken FROM telephony.events WHERE broken IS NOT NULL"
    ).fetchall()
    assert [bytes(row[0]) for row in kept] == [body]
    assert kept[0][1], "the reason"


def test_an_employee_whom_megaplan_does_not_list(
    world: PushWorld, cabinet: Client, connect: Callable[..., str]
) -> None:
    """The mismatch report names them; of their calls neither history, recording nor communication is delivered."""
    megaplan_is(connect, **ALL_DONE)
    TelephonySettings(MegaplanHook(ACCOUNT)).take_away(FIRST_EMPLOYEE + 2)
    execute(TelephonyUsersToPostgresOperator(task_id="map", accounts=[ACCOUNT], outlets=[TELEPHONY_USERS]))
    (message,) = world.database.execute(
        "SELECT message FROM telephony.mismatches WHERE kind = 'number_not_in_megaplan' AND uis_employee_id = 503"
    ).fetchall()
    assert "503" in message[0]
    link = f"{cabinet.url}/system/media/talk/700/00000000000000000000000000000000/"
    records = [{"url": link, "kind": "talk"}]
    world.add_call(700, uis_employee_id=503, rung_employees=[503], records=records, expects_record=True)
    world.add_call(701, "out", "unanswered", uis_employee_id=503, rung_employees=[503])
    world.forget_requests()
    execute(PushCallsOperator(task_id="push", accounts=[ACCOUNT]))
    assert world.requests() == []
    assert {world.states(number)[0] for number in (700, 701)} == {"none"}
