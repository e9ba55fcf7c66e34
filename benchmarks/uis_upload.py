"""Uploads an emulated account's deals into an emulated UIS cabinet, and counts requests and seconds.

``python -m benchmarks.uis_upload --deals 20000 [--write-docs]``. Both emulators and Postgres run on this machine; the
cabinet's clock is moved on where the upload would wait. Each step ends with a look at every deal in ``get.deals``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import requests

from demo.embedded_postgres import embedded_postgres
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port

DOCS = Path(__file__).resolve().parents[1] / "docs" / "uis-deals.md"
MARK = "<!-- numbers -->"
TOKEN = "uis-demo-token"
EARLIER_MOVES = """
INSERT INTO megaplan_raw.past_deal_stage_moves (account, deal_id, moved_at, to_program_id, to_state_id, source)
SELECT deal.account, deal.id, deal.created_at + (deal.state_changed_at - deal.created_at) * stage.place / 3,
  deal.program_id, stage.id, 'status_history'
FROM megaplan_raw.deals AS deal
CROSS JOIN LATERAL (
  SELECT stage.id, row_number() OVER (ORDER BY stage.position DESC) - 1 AS place
  FROM megaplan_raw.pipeline_stages AS stage
  WHERE stage.account = deal.account AND stage.pipeline_id = deal.program_id AND stage.type = 'active'
    AND stage.position < 2
) AS stage
WHERE deal.state_changed_at > deal.created_at + interval '3 seconds' AND deal.id % 2 = 0
ON CONFLICT DO NOTHING
"""
"""Half of the deals went into the second stage and back into the first before they came where they are."""
PRESENT = """
SELECT deal.id, deal.price_in_main, deal.price_currency, stage.name, employee.name,
  (SELECT count(*) FROM megaplan_raw.deal_positions AS item WHERE item.deal_id = deal.id AND item.deleted_at IS NULL)
FROM megaplan_raw.deals AS deal
LEFT JOIN megaplan_raw.pipeline_stages AS stage ON stage.id = deal.state_id
LEFT JOIN megaplan_raw.employees AS employee ON employee.id = deal.manager_id
WHERE deal.deleted_at IS NULL
"""
RENAME = "UPDATE megaplan_raw.deals SET payload = payload || jsonb_build_object('name', name || %s)"


@dataclass
class Cabinet:
    """The emulated cabinet."""

    url: str

    def control(self, route: str, body: Any = None, method: str | None = None) -> Any:
        """Call a control route."""
        answer = requests.request(
            method or ("GET" if body is None else "POST"),
            f"{self.url}/_control/{route}",
            json=body,
            timeout=120,
        )
        answer.raise_for_status()
        return answer.json()

    def advance(self, seconds: float) -> None:
        """Move its clock on."""
        self.control("clock", {"advance": seconds})

    def methods(self) -> list[str]:
        """Return which methods were called since the log was emptied, in order."""
        return [entry["method"] for entry in self.control("requests", method="GET") if entry["method"]]

    def data(self, name: str, **params: Any) -> Any:
        """Call a method of the Data API; return what stands under data."""
        params = {"access_token": TOKEN, **params}
        body = {"jsonrpc": "2.0", "id": "1", "method": name, "params": params}
        return requests.post(f"{self.url}/v2.0", json=body, timeout=120).json()["result"]["data"]


@dataclass
class Step:
    """One line of the table."""

    name: str
    asked: int
    least: int
    records: int
    seconds: float
    reading: int


class Trial:
    """An account, a cabinet, and runs of the upload between them."""

    def __init__(self, database_uri: str, megaplan: EmulatedMegaplan, cabinet: Cabinet) -> None:
        self._uri = database_uri
        self._megaplan = megaplan
        self._cabinet = cabinet
        self.steps: list[Step] = []

    def sync(self) -> None:
        """Load Megaplan, or what has changed in it."""
        from megaplan_hook.hook import MegaplanHook
        from megaplan_sync.kernel.schemas import prepare_upload_schema
        from megaplan_sync.kernel.session import Session
        from megaplan_sync.raw.account_sync import AccountSync
        from megaplan_sync.raw.schema import prepare_raw_schema

        with Session.open(self._uri) as connection:
            prepare_raw_schema(connection)
            prepare_upload_schema(connection)
            sync = AccountSync(MegaplanHook("megaplan_default"), connection, run_id=uuid4().hex)
            sync.run((), full_refresh=False)

    def upload(self, name: str) -> None:
        """Do what a run of the DAG does, and note it as a step."""
        from megaplan_sync.kernel.account_session import account_hook
        from megaplan_sync.kernel.session import DurableSession
        from megaplan_sync.uis_upload.account_upload import AccountUpload
        from megaplan_sync.uis_upload.postgres_points import PostgresPoints
        from megaplan_sync.uis_upload.session import UploadSession
        from uis_hook.hook import UisHook

        self._cabinet.control("requests", method="DELETE")
        with (
            DurableSession.open(self._uri) as session,
            DurableSession.open(self._uri) as own,
        ):
            points = PostgresPoints(own, "uis_default", longest_wait_seconds=90)
            uis = UisHook("uis_default", points=points, sleep=self._cabinet.advance).client
            upload = AccountUpload(
                UploadSession(account_hook("megaplan_default").settings, uis, session, self._cabinet.advance),
                uuid4().hex,
            )
            began = time.perf_counter()
            upload.send()
            sent = time.perf_counter() - began
            self._cabinet.advance(10)
            counts = upload.verify()
            print(f"{name}: {counts}, {time.perf_counter() - began:.1f} s")
        methods = self._cabinet.methods()
        writing = [method for method in methods if not method.startswith("get")]
        least = (
            math.ceil(counts.get("records_sent", 0) / 1000)
            + math.ceil(counts.get("contacts_created", 0) / 1000)
            + sum(1 for method in writing if not method.startswith(("upload", "create.deal_contacts")))
        )
        self.steps.append(
            Step(name, len(writing), least, counts.get("records_sent", 0), sent, len(methods) - len(writing))
        )

    def compare(self, failed: int = 0) -> None:
        """Look at every deal in the report."""
        tree = self._cabinet.data("getobj.columns_tree", report_type="deals")
        fields = [column["id"] for column in tree["columns"]]
        rows: dict[int, dict[str, Any]] = {}
        for year in range(2023, 2028):
            window = {"date_from": f"{year}-01-01 00:00:00", "date_till": f"{year}-12-31 23:59:59"}
            offset = 0
            while found := self._cabinet.data(
                "get.deals",
                report_id=1002,
                fields=fields,
                limit=10_000,
                offset=offset,
                sort=[{"field": "deal_ext_id"}],
                **window,
            ):
                rows |= {int(row["deal_ext_id"].rpartition("-")[2]): row for row in found}
                offset += len(found)
        with psycopg.connect(self._uri) as connection:
            deals = {deal_id: told for deal_id, *told in connection.execute(PRESENT).fetchall()}
        wrong = []
        for deal_id, (price, currency, stage, employee, goods) in deals.items():
            row = rows.get(deal_id)
            if row is None:
                wrong.append((deal_id, "missing"))
                continue
            shown = row["deal_user_field_mp_goods"]
            told = {
                "sum": abs(Decimal(str(row["deal_revenue"] or 0)) - (price or 0)) <= Decimal("0.005"),
                "currency": row["deal_user_field_mp_currency"] == currency,
                "stage": row["deal_user_field_mp_stage"] == stage
                and stage in row["deal_current_stage"].split(" / "),
                "employee": row["deal_employee"] == employee,
                "goods": (shown.count(" × ") if shown else 0) == goods or (shown or "").endswith("…"),
            }
            wrong += [(deal_id, name) for name, is_right in told.items() if not is_right]
        if len(wrong) != failed or set(rows) - set(deals):
            raise SystemExit(f"{len(wrong)} differences, {failed} expected: {wrong[:5]}")


def _mutate(megaplan: EmulatedMegaplan, database_uri: str, share: int) -> None:
    """Move a part of the deals on, and change sums of as many others."""
    with psycopg.connect(database_uri) as connection:
        ids = [deal_id for (deal_id,) in connection.execute("SELECT id FROM megaplan_raw.deals ORDER BY id")]
    for deal_id in ids[:: 2 * share]:
        megaplan.control("mutate", {"op": "move_stage", "id": deal_id})
    megaplan.control("mutate", {"op": "touch_many", "ids": ids[share :: 2 * share], "seed": 5})


def run(deals: int) -> list[Step]:
    """Run all steps."""
    folder = Path(tempfile.mkdtemp(prefix="uis-upload-"))
    knobs = ["--knob", "rps=0", "--knob", "rph=0"]
    with (
        embedded_postgres(folder / "postgres") as uri,
        emulated_megaplan(free_port(0), deals, folder / "megaplan.log", knobs) as megaplan,
        emulated_uis(folder / "uis.log") as cabinet,
    ):
        settings = {"requests_per_second": 1000, "requests_per_hour": 1_000_000, "uis_conn_id": "uis_default"}
        os.environ["AIRFLOW_CONN_MEGAPLAN_DEFAULT"] = json.dumps(megaplan.connection(**settings))
        extra = {"access_token": TOKEN, "vendor_quirks": {"read_lag_seconds": 1}, "read_timeout_seconds": 30}
        os.environ["AIRFLOW_CONN_UIS_DEFAULT"] = json.dumps(
            {"conn_type": "uis", "host": cabinet.url, "extra": extra}
        )
        trial = Trial(uri, megaplan, cabinet)
        trial.sync()
        with psycopg.connect(uri) as connection:
            connection.execute(EARLIER_MOVES)
        cabinet.advance(60)
        trial.upload("everything, half of it with moves forward and back")
        trial.compare()
        trial.upload("nothing has changed")
        _mutate(megaplan, uri, 100)
        trial.sync()
        trial.upload("1 % changed: stages and sums")
        trial.compare()
        _faults(trial, cabinet, uri)
    return trial.steps


def _faults(trial: Trial, cabinet: Cabinet, database_uri: str) -> None:
    """Send everything once more, with a bad record in each batch and answers that get lost."""
    with psycopg.connect(database_uri) as connection:
        ids = [
            str(deal_id) for (deal_id,) in connection.execute("SELECT id FROM megaplan_raw.deals ORDER BY id")
        ]
        connection.execute(RENAME, (" (2)",))
    bad = ids[500::1000]
    cabinet.control("knobs", {"refused_deals": ",".join(bad)})
    trial.upload("every name changed, one bad record in each thousand")
    trial.compare()  # refused are names, and those are not looked at: the deals are there as they were
    cabinet.control("knobs", {"refused_deals": ""})
    with psycopg.connect(database_uri) as connection:
        connection.execute(RENAME, (" (3)",))
    upload = {"method": "upload.deals_history", "count": 1}
    cabinet.control("faults", {**upload, "kind": "500", "nth": 2})
    cabinet.control("faults", {**upload, "kind": "500", "nth": 4, "processed": True})
    cabinet.control("faults", {**upload, "kind": "reset", "nth": 6, "processed": True})
    cabinet.control("faults", {**upload, "kind": "rpc", "mnemonic": "limit_exceeded", "nth": 8})
    trial.upload(
        "every name changed, four faulty answers (500, 500 and reset after acceptance, limit_exceeded)"
    )
    trial.compare()
    doubles = [
        row for row in cabinet.control("state?entity=deal_history") if row.get("name", "").endswith("(2) (3)")
    ]
    sent = [row["ext_id"] for row in doubles if not row.get("is_generated")]
    if len(sent) != len(set(sent)):
        raise SystemExit("a record was uploaded twice")


@contextmanager
def emulated_uis(log: Path) -> Iterator[Cabinet]:
    """Run the emulated cabinet until the block ends."""
    port = free_port(0)
    command = [sys.executable, "-m", "emulators.uis", "--port", str(port)]
    for knob in ("day_limit=0", "minute_limit=0"):
        command += ["--knob", knob]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        cabinet = Cabinet(f"http://127.0.0.1:{port}")
        try:
            until = time.monotonic() + 30
            while True:
                try:
                    cabinet.control("knobs")
                    break
                except requests.RequestException:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.1)
            yield cabinet
        finally:
            process.terminate()
            process.wait(30)


def table(deals: int, steps: list[Step]) -> str:
    """Return the steps as Markdown."""
    lines = [
        f"Measured with {deals} deals on two shared cores, both emulators on the same machine"
        " (`python -m benchmarks.uis_upload`):",
        "",
        "| step | records sent | writing requests | least possible | reading requests | seconds to send |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {step.name} | {step.records} | {step.asked} | {step.least} | {step.reading} | {step.seconds:.1f} |"
            for step in steps
        ),
        "",
        "Every deal was then compared in `get.deals`. The least possible is one request for a thousand records or"
        " new contacts, and one for each funnel, user field and manager. A bad record costs two refused requests,"
        " which take no points; an answer that is lost before UIS acts costs one more. Most of the time is the"
        " emulator's; other programs ran at the same time.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=20_000)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    told = table(options.deals, run(options.deals))
    print(told)
    if options.write_docs:
        before, _, after = DOCS.read_text(encoding="utf-8").partition(MARK)
        after = after[after.index("\n## ") :]
        DOCS.write_text(f"{before}{MARK}\n\n{told}\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
