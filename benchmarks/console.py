"""How fast the console answers with many accounts, deals and calls: real HTTP to a real Airflow.

The tables are filled by SQL. Each page is opened through Airflow's API server by a signed-in user, one after another.
On a machine that has other things to do, processor time tells more than time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import psycopg
import requests

from benchmarks.processor_time import tree_cpu_seconds
from benchmarks.report import write_between_markers
from demo.airflow_api import AirflowApi
from demo.airflow_home import PASSWORD, REPOSITORY, USER, AirflowHome
from demo.embedded_postgres import embedded_postgres
from demo.processes import free_port, running
from megaplan_sync.kernel.schemas import prepare_telephony_schema, prepare_upload_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.schema import prepare_raw_schema

BEGIN, END = (
    "<!-- console: written by `python -m benchmarks.console --write-docs` -->",
    "<!-- console: end -->",
)
DOCS_PAGE = REPOSITORY / "docs" / "benchmarks.md"
SEARCHES = {
    "Telephony, calls of a phone": "+79000123456",
    "Telephony, a call by its number": "700123456",
}
AIM_SECONDS = 0.3
FILL = Path(__file__).with_name("console_fill.sql")
PAGES = {
    "floor: a script of the console, with all checks of rights": "static/console.js",
    "Overview": "",
    "Overview, one account": "?account=mp00500",
    "Failures: calls": "failures",
    "Failures: calls, the last page": "failures?after_at=2000-01-01T00:00:00Z",
    "Failures: calls, a text that nothing contains": "failures?text=nowhere",
    "Failures: deals in UIS": "failures?kind=deals",
    "Failures: unreadable rows": "failures?kind=rows",
    "Telephony": "telephony",
    "Telephony, one account": "telephony?account=mp00500",
    "A call's timeline": "telephony/call?account=mp00456&number=700123456",
    "Certificates of a night": "certificates",
    "Certificates of a night, what is not proven": "certificates?unproven=true",
    "Certificates, one account": "certificates?account=mp00500",
}


@dataclass(frozen=True)
class Opened:
    """How long a page took each time, and the processor time of Airflow's API server and of Postgres on average."""

    seconds: list[float]
    airflow_cpu: float
    postgres_cpu: float


def main() -> None:
    """Fill, measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--deals", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        opened = _measure(Path(folder), options)
    text = _report(opened, options)
    print(text)
    if options.write_docs:
        write_between_markers(DOCS_PAGE, text, BEGIN, END)


def _measure(folder: Path, options: argparse.Namespace) -> dict[str, Opened]:
    with embedded_postgres(folder / "postgres") as postgres:
        home = AirflowHome(folder / "airflow", postgres, free_port(0))
        home.prepare()
        _fill(home.raw_database_uri, options)
        connection = {"AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(home.raw_connection())}
        environment = home.environment(connection)
        airflow = [sys.executable, "-m", "airflow"]
        subprocess.run([*airflow, "db", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
        with running("Airflow", [*airflow, "api-server"], folder / "airflow.log", environment) as server:
            AirflowApi(home.url, USER, PASSWORD, server.ensure_running).wait_until_up(900)
            postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
            return _open_pages(home.url, options.rounds, server.pid, postmaster)


def _fill(uri: str, options: argparse.Namespace) -> None:
    with Session.open(uri) as session:
        prepare_raw_schema(session)
        prepare_telephony_schema(session)
        prepare_upload_schema(session)
    began = time.monotonic()
    with psycopg.connect(uri, autocommit=True) as connection:
        for name in ("accounts", "deals", "calls"):
            connection.execute(
                "SELECT set_config(%s, %s, false)", (f"fill.{name}", str(getattr(options, name)))
            )
        for statement in FILL.read_text(encoding="utf-8").split(";\n"):
            connection.execute(statement.encode())
    print(f"filled in {time.monotonic() - began:.0f} s", flush=True)


def _open_pages(airflow: str, rounds: int, *pids: int) -> dict[str, Opened]:
    session = requests.Session()
    session.trust_env = False
    login = session.post(f"{airflow}/auth/token", json={"username": USER, "password": PASSWORD}, timeout=60)
    session.headers["Authorization"] = f"Bearer {login.json()['access_token']}"

    def open_page(title: str) -> float:
        began = time.monotonic()
        if title in PAGES:
            answer = session.get(f"{airflow}/megaplan/{PAGES[title]}", timeout=60)
        else:
            answer = session.post(f"{airflow}/megaplan/telephony", data={"call": SEARCHES[title]}, timeout=60)
        answer.raise_for_status()
        return time.monotonic() - began

    opened = {}
    for title in (*PAGES, *SEARCHES):
        open_page(title)  # warms up
        before = [tree_cpu_seconds(pid) for pid in pids]
        seconds = [open_page(title) for _ in range(rounds)]
        airflow_cpu, postgres_cpu = (
            (tree_cpu_seconds(pid) - spent) / rounds for pid, spent in zip(pids, before, strict=True)
        )
        opened[title] = Opened(seconds, airflow_cpu, postgres_cpu)
    return opened


def _report(opened: dict[str, Opened], options: argparse.Namespace) -> str:
    lines = [
        f"{date.today()}: {options.accounts:,} accounts, {options.deals:,} deals, {options.calls:,} calls with "
        f"{3 * options.calls:,} stages of delivery and {2 * options.calls:,} events, {30 * 14 * options.accounts:,} "
        f"certificates. {options.rounds} times each, through Airflow's API server; load of the machine {_load()}.",
        "",
        "| page | fastest, ms | median, ms | processor time of Airflow, ms | of Postgres, ms | median below 300 ms |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for title, each in opened.items():
        middle = median(each.seconds)
        lines.append(
            f"| {title} | {1000 * min(each.seconds):.0f} | {1000 * middle:.0f} | {1000 * each.airflow_cpu:.0f} | "
            f"{1000 * each.postgres_cpu:.0f} | {'yes' if middle < AIM_SECONDS else 'no'} |"
        )
    return "\n".join(lines)


def _load() -> str:
    return f"{os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
