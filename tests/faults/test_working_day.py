"""An installation works while its processes are killed and paused: nothing is lost, and nothing is there twice.

Deals are changed in Megaplan and loaded by ``megaplan_deals_sync``; missed calls arrive at the gateways and are
delivered by ``megaplan_calls_push``, each with a communication. ``make test-faults`` (``FAULT_EVENTS=100000``) does
everything in turn; ``make test`` what no other test does. The results are in docs/faults.md.
"""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
import requests

from demo.embedded_postgres import embedded_postgres
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.session import Session
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from tests.emulators.uis_client import TOKEN
from tests.integration import truth
from tests.integration.airflow_runs import postgres_connection
from tests.integration.databases import address_of, create_prepared_database
from tests.integration.gateway.one_address import Address
from tests.integration.gateway.served import UIS_SECRET
from tests.integration.server_folder import server_folder
from tests.integration.telephony.push_world import PushWorld
from tests.integration.telephony.two_sides import FIRST_EMPLOYEE

from .installation import DEALS, PUSH, Installation, installation, wait_until
from .mischief import Mischief

EVENTS = int(os.environ.get("FAULT_EVENTS", "500"))
IS_SHORT = EVENTS < 1000
DEEDS = ["kill_scheduler", "kill_task", "pause_task", "crash_postgres"]
if not IS_SHORT:
    DEEDS += [
        "kill_triggerer",
        "kill_gateway",
        "trouble_megaplan",
        "kill_worker",
        "pause_scheduler",
        "kill_api_server",
    ]
    DEEDS += ["pause_triggerer", "pause_gateway", "megaplan_down", "kill_scheduler_and_tasks", "pause_dag"]
PARTS = ["scheduler", "triggerer"] if IS_SHORT else ["scheduler", "scheduler", "triggerer"]
GATEWAYS = 1 if IS_SHORT else 2
ACCOUNT_DEALS = 300
RUNG = (501, 502, 503)
CALL = ["in_call_session", "in_call", *["call_proceeding"] * 22, "lost_call_session"]
CALLS = EVENTS * 9 // 10 // len(CALL)
CHANGES = EVENTS - CALLS * len(CALL)
FIRST_CALL = 700_000_000
PATIENCE_SECONDS = 900 if IS_SHORT else 1800
SETTINGS: dict[str, Any] = {
    "communication_incoming_missed": "planned",
    "requests_per_second": 1000,
    "requests_per_hour": 1_000_000,
    "page_size": 20,
    "connect_timeout_seconds": 5,
    "read_timeout_seconds": 6,
    "telephony_active": True,
    "uis_conn_id": "uis_default",
    "vendor_quirks": {"read_lag_seconds": 0, "retry_after_fallback_seconds": 1},
}


@pytest.fixture
def data_folder() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder / "data"


@pytest.fixture
def postgres(data_folder: Path) -> Iterator[str]:
    """A server for Airflow's metadata and for the raw tables."""
    with embedded_postgres(data_folder) as uri:
        yield uri


@pytest.fixture
def megaplan(tmp_path: Path) -> Iterator[EmulatedMegaplan]:
    arguments = ["--knob", "rps=0", "--knob", "rph=0"]
    with emulated_megaplan(free_port(0), ACCOUNT_DEALS, tmp_path / "megaplan.log", arguments) as megaplan:
        yield megaplan


@pytest.fixture
def database_uri(postgres: str, megaplan: EmulatedMegaplan, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with three employees in both systems; connections to it and to both vendors."""
    uri = address_of(postgres, create_prepared_database(postgres))
    uis = {"access_token": TOKEN, "webhook_secret": UIS_SECRET}
    connections = {
        "MEGAPLAN_DEFAULT": megaplan.connection(**SETTINGS),
        "MEGAPLAN_POSTGRES": postgres_connection(uri),
        "UIS_DEFAULT": {"conn_type": "uis", "host": "http://127.0.0.1:9", "extra": uis},
    }
    for name, described in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(described))
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_default"]')
    with psycopg.connect(uri, autocommit=True) as database:
        for place, employee in enumerate(RUNG):
            database.execute(
                """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number, lines)
                VALUES (%s, %s, %s, %s, %s)""",
                (account(megaplan), FIRST_EMPLOYEE + place, employee, str(101 + place), [f"010000{place}"]),
            )
    return uri


def account(megaplan: EmulatedMegaplan) -> str:
    return f"127.0.0.1:{megaplan.port}"


def test_nothing_is_lost_and_nothing_is_twice(
    postgres: str, data_folder: Path, database_uri: str, megaplan: EmulatedMegaplan, tmp_path: Path
) -> None:
    with installation(postgres, data_folder, tmp_path, gateways=GATEWAYS, parts=PARTS) as running:
        address = Address(f"/{account(megaplan)}/{UIS_SECRET}/uis", running.ports)
        with Runs(running) as runs:
            began = time.monotonic()
            with Mischief(running, megaplan, DEEDS, (1, 2) if IS_SHORT else (1, 8)) as mischief:
                work(address, megaplan)
                mischief.wait_for_each_deed(PATIENCE_SECONDS)
            ended = time.monotonic()
            with psycopg.connect(database_uri, autocommit=True) as database:
                world = PushWorld(database, database_uri, megaplan, lambda: "megaplan_default")
                wait_until(lambda: delivered(database) == CALLS and not world.open_calls(), PATIENCE_SECONDS)
            left = time.monotonic() - ended
        runs.finish()
        states = runs.states()
    with psycopg.connect(database_uri, autocommit=True) as database:
        stored = database.execute("SELECT count(*) FROM telephony.events").fetchone()
        world = PushWorld(database, database_uri, megaplan, lambda: "megaplan_default")
        print(
            f"\n{EVENTS} events ({CALLS} calls, {CHANGES} changes of deals) in {ended - began:.0f} s, the last call "
            f"delivered {left:.0f} s later; hit at work: {dict(mischief.done)}; started again: "
            f"{dict(running.restarted)}; notifications repeated: {address.refused}; runs: {states}"
        )
        assert stored == (CALLS * len(CALL),), "every acknowledged notification is stored once"
        assert sorted(int(call["providerId"]) for call in world.calls()) == list(
            range(FIRST_CALL, FIRST_CALL + CALLS)
        ), "Megaplan has every call once"
        assert len(world.todos()) == CALLS, "and one communication of each"
        truth.assert_tables_are_megaplan(database, megaplan)
    with Session.open(database_uri) as session:
        hook = MegaplanHook("megaplan_default")
        certificates = AccountReconciliation(hook, session, run_id="after the faults", depth="full").run(
            ["deals"]
        )
    assert {one.entity for one in certificates} == {"deals", "deal_positions"}
    for one in certificates:
        assert (one.verdict, one.missing, one.stale, one.extra) == ("proven", 0, 0, 0), one


def delivered(database: psycopg.Connection[Any]) -> int:
    row = database.execute(
        "SELECT count(*) FROM telephony.call_delivery_states WHERE (history, communication) = ('done', 'done')"
    ).fetchone()
    return int(row[0]) if row else 0


def work(address: Address, megaplan: EmulatedMegaplan) -> None:
    """Change deals in Megaplan while calls come in."""

    def change() -> None:
        at_once = 10 if IS_SHORT else 50
        for first in range(0, CHANGES, at_once):
            count = min(at_once, CHANGES - first)
            megaplan.control("mutate", {"op": "touch_many", "count": count, "seed": first})
            time.sleep(1)

    def call(number: int) -> None:
        chance = Random(number)
        for place, mnemonic in enumerate(CALL):
            address.send(notification(mnemonic, FIRST_CALL + number, place), first=chance.randrange(2))
            time.sleep(chance.uniform(0, 0.2))

    with ThreadPoolExecutor(17 if IS_SHORT else 65) as pool:
        changed = pool.submit(change)
        list(pool.map(call, range(CALLS)))
        changed.result()


def notification(mnemonic: str, call: int, place: int) -> dict[str, Any]:
    """Return an event of a call that rang at three telephones in turn, ten minutes ago: too late for a card."""
    return {
        "notification_mnemonic": mnemonic,
        "notification_timestamp": int(time.time()) - 600 + place,
        "call_session_id": call,
        "direction": "in",
        "virtual_phone_number": "74950000001",
        "contact_phone_number": f"7999{call % 10_000_000:07d}",
        "employee_id": RUNG[place % len(RUNG)],
        "leg_id": call * 10 + place,
    }


class Runs:
    """Starts a run of each DAG whenever there is none, as its schedule would do less often."""

    def __init__(self, running: Installation) -> None:
        self._running = running
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Runs":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def states(self) -> dict[str, dict[str, int]]:
        """Return how many runs there are of each state, by DAG."""
        return {dag_id: dict(Counter(self._running.run_states(dag_id))) for dag_id in (DEALS, PUSH)}

    def finish(self) -> None:
        """Let one more run read the deals."""
        for dag_id in (DEALS, PUSH):
            wait_until(lambda dag_id=dag_id: not self._active(dag_id), PATIENCE_SECONDS)
        wait_until(self._reads_deals, PATIENCE_SECONDS)

    def _reads_deals(self) -> bool:
        self._running.api.trigger(DEALS)
        wait_until(lambda: not self._active(DEALS), PATIENCE_SECONDS)
        return self._running.run_states(DEALS)[-1] == "success"

    def _run(self) -> None:
        while not self._is_over.wait(1):
            for dag_id, conf in ((DEALS, {"entities": ["deals"], "full_refresh": True}), (PUSH, {})):
                with suppress(requests.RequestException, RuntimeError, psycopg.Error):
                    if not self._active(dag_id):
                        self._running.api.trigger(dag_id, conf)

    def _active(self, dag_id: str) -> bool:
        return bool({"queued", "running"} & set(self._running.run_states(dag_id)))
