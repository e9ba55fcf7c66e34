"""How long from the end of a call until Megaplan has it, beside an empty event-triggered DAG of the same Airflow.

``python -m benchmarks.call_latency`` starts a Postgres, an emulated Megaplan and a real Airflow with two DAGs:
``megaplan_calls_push`` and ``call_latency_floor``, whose only task writes down that it has begun. In turns, each gets
its event, and only when nothing runs any more the next one does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.deals_load import DOCS_PAGE
from benchmarks.report import write_between_markers
from demo.airflow_api import AirflowApi
from demo.airflow_home import PASSWORD, REPOSITORY, USER, AirflowHome
from demo.embedded_postgres import embedded_postgres
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port, running
from megaplan_sync.inbox.event_store import MOSCOW, UIS_NOTIFICATION, Message, event_row, store_events
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.raw.schema import prepare_raw_schema

PUSH, FLOOR = "megaplan_calls_push", "call_latency_floor"
BEGIN, END = (
    "<!-- call_latency: written by `python -m benchmarks.call_latency --write-docs` -->",
    "<!-- call_latency: end -->",
)
AIM_SECONDS = 0.5
EMPLOYEE, UIS_EMPLOYEE = 1_000_000, 501
_PREPARE = """
CREATE TABLE floor_bells (number integer PRIMARY KEY, begun_at timestamptz);
"""
_IDLE = "SELECT count(*) FROM dag_run WHERE state IN ('running', 'queued')"


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        floor, ours = _measure(Path(folder), options.rounds)
    text = _report(floor, ours)
    print(text)
    if options.write_docs:
        write_between_markers(DOCS_PAGE, text, BEGIN, END)


def _measure(folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    logs = folder / "logs"
    with (
        embedded_postgres(folder / "postgres") as postgres,
        emulated_megaplan(
            free_port(0), 100, logs / "megaplan.log", ["--knob", "rps=0", "--knob", "rph=0"]
        ) as megaplan,
    ):
        home = AirflowHome(folder / "airflow", postgres, free_port(0))
        home.prepare()
        environment = {**home.environment({}), **_environment(home, megaplan, _dags(folder))}
        _prepare(home.raw_database_uri, megaplan)
        command = [sys.executable, "-m", "airflow", "standalone"]
        with running("Airflow", command, logs / "airflow.log", environment) as airflow:
            api = AirflowApi(home.url, USER, PASSWORD, airflow.ensure_running)
            api.wait_until_up()
            for dag in (FLOOR, PUSH):
                api.wait_for_dag(dag)
                api.unpause(dag)
            return _rounds(home, postgres, megaplan, rounds)


def _rounds(
    home: AirflowHome, postgres: str, megaplan: EmulatedMegaplan, rounds: int
) -> tuple[list[float], list[float]]:
    floor: list[float] = []
    ours: list[float] = []
    with (
        psycopg.connect(home.raw_database_uri, autocommit=True) as raw,
        psycopg.connect(postgres.replace("/postgres?", "/airflow?"), autocommit=True) as metadata,
    ):

        def is_idle() -> bool:
            row = metadata.execute(_IDLE).fetchone()
            return row is not None and row[0] == 0

        _wait_for_floor(raw)
        time.sleep(5)  # the first runs by the clock
        for number in range(rounds + 1):
            _wait(is_idle, 240)
            time.sleep(1)
            floor.append(_ring_floor(raw, number))
            _wait(is_idle, 240)
            time.sleep(1)
            ours.append(_end_call(raw, megaplan, 700_000_000 + number))
            print(f"round {number}: floor {floor[-1]:.2f} s, ours {ours[-1]:.2f} s", flush=True)
    return floor[1:], ours[1:]  # the first one warms up


def _wait_for_floor(raw: psycopg.Connection[Any]) -> None:
    """Ring until somebody listens."""
    for _ in range(24):
        try:
            _ring_floor(raw, -1, patience_seconds=5)
            return
        except TimeoutError:
            continue
    raise TimeoutError("nobody listens to floor_bells")


def _ring_floor(raw: psycopg.Connection[Any], number: int, patience_seconds: float = 120) -> float:
    raw.execute("INSERT INTO floor_bells (number) VALUES (%s) ON CONFLICT DO NOTHING", (number,))
    began = time.monotonic()
    raw.execute("SELECT pg_notify('floor_bells', '')")

    def has_begun() -> bool:
        row = raw.execute(
            "SELECT begun_at IS NOT NULL FROM floor_bells WHERE number = %s", (number,)
        ).fetchone()
        return bool(row and row[0])

    _wait(has_begun, patience_seconds)
    return time.monotonic() - began


def _end_call(raw: psycopg.Connection[Any], megaplan: EmulatedMegaplan, number: int) -> float:
    """Let a missed call have ended just now: nothing but its history is to be delivered."""
    ended = datetime.now(UTC)
    body = {
        "notification_mnemonic": "call_session_finished",
        "notification_timestamp": ended.timestamp(),
        "call_session_id": number,
        "direction": "in",
        "is_lost": True,
        "contact_phone_number": "79000000001",
        "virtual_phone_number": "74950000001",
        "employee_id": UIS_EMPLOYEE,
        "start_time": (ended - timedelta(seconds=20)).strftime("%Y-%m-%d %H:%M:%S"),
    }
    began = time.monotonic()
    account = f"127.0.0.1:{megaplan.port}"
    message = Message(json.dumps(body).encode(), "application/json")
    store_events(raw, account, UIS_NOTIFICATION, [event_row(UIS_NOTIFICATION, message, MOSCOW)])

    def has_it() -> bool:
        calls = megaplan.control("state?entity=calls")
        return any(call.get("providerId") == str(number) for call in calls)

    _wait(has_it, 120)
    return time.monotonic() - began


def _dags(folder: Path) -> Path:
    dags = folder / "dags"
    dags.mkdir()
    for file in (
        REPOSITORY / "dags" / f"{PUSH}.py",
        REPOSITORY / "benchmarks" / "call_latency_floor" / f"{FLOOR}.py",
    ):
        (dags / file.name).write_text(file.read_text())
    return dags


def _environment(home: AirflowHome, megaplan: EmulatedMegaplan, dags: Path) -> dict[str, str]:
    settings = {
        "telephony_active": True,
        "deals_active": False,
        "uis_conn_id": "uis_default",
        "requests_per_second": 1000,
        "requests_per_hour": 1_000_000,
    }
    exchange = {"conn_type": "uis", "host": "http://127.0.0.1:9", "extra": {"access_token": "none"}}
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "PYTHONPATH": str(REPOSITORY),
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan.connection(**settings)),
        "AIRFLOW_CONN_UIS_DEFAULT": json.dumps(exchange),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(home.raw_connection()),
    }


def _prepare(uri: str, megaplan: EmulatedMegaplan) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        prepare_raw_schema(connection)
        prepare_telephony_schema(connection)
        connection.execute(_PREPARE)
        connection.execute(
            """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
            VALUES (%s, %s, %s, '101')""",
            (f"127.0.0.1:{megaplan.port}", EMPLOYEE, UIS_EMPLOYEE),
        )


def _wait(is_so: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError("it did not happen")
        time.sleep(0.03)


def _report(floor: list[float], ours: list[float]) -> str:
    def row(name: str, seconds: list[float]) -> str:
        p95 = statistics.quantiles(seconds, n=20, method="inclusive")[18]
        return f"| {name} | {statistics.median(seconds):.2f} | {p95:.2f} | {min(seconds):.2f} |"

    above = statistics.median(ours) - statistics.median(floor)
    verdict = "reached" if above <= AIM_SECONDS else "**missed**"
    return "\n".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}: {len(ours)} rounds, one idle Airflow, seconds.",
            "",
            "| | p50 | p95 | fastest |",
            "| --- | ---: | ---: | ---: |",
            row("floor: an empty event-triggered DAG, from NOTIFY to the first line of its task", floor),
            row("a call, from the end of it in the inbox to its history in Megaplan", ours),
            "",
            f"Aim: p50 at most {AIM_SECONDS} s above the floor. Shown: {above:.2f} s above, {verdict}.",
        ]
    )


if __name__ == "__main__":
    main()
