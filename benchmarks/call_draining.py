"""How fast the push drains calls into a Megaplan that answers at once, beside bare claiming with SKIP LOCKED.

``python -m benchmarks.call_draining --calls 20000``. Only the history is delivered, 50 calls a request, as the push
does it. The floor claims the same rows, 50 at a time, marks them as done, and asks nobody.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson
import psycopg
from airflow.sdk import Connection

from benchmarks.deals_load import DOCS_PAGE
from benchmarks.report import write_between_markers
from demo.embedded_postgres import embedded_postgres
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.telephony.push.account_push import AccountPush
from megaplan_sync.telephony.push.history_stage import CALLS_PER_REQUEST
from uis_hook.settings import UisSettings

BEGIN = "<!-- call_draining: written by `python -m benchmarks.call_draining --write-docs` -->"
END = "<!-- call_draining: end -->"
_CALLS = """
INSERT INTO telephony.calls (
  account, call_session_id, direction, outcome, is_finished, contact_phone, virtual_phone, uis_employee_id,
  started_at, finished_at, talk_seconds, expects_record
)
SELECT %(account)s, number, 'in', 'answered', true, '79' || lpad(number::text, 9, '0'), '74950000001', 501,
  now() - interval '1 hour', now() - interval '50 minutes', 500, false
FROM generate_series(1, %(calls)s) AS number
"""
_LEDGER = """
INSERT INTO telephony.call_deliveries (account, call_session_id, stage, step)
SELECT account, call_session_id, 'history', 1 FROM telephony.calls
"""
_USER = """
INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number) VALUES (%s, 1, 501, '101')
"""
_CLAIM = """
UPDATE telephony.call_deliveries AS delivery
SET state = 'done', changed_at = now()
FROM (
  SELECT account, call_session_id FROM telephony.call_deliveries
  WHERE account = %(account)s AND stage = 'history' AND state = 'due'
  ORDER BY call_session_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS picked
WHERE delivery.account = picked.account AND delivery.call_session_id = picked.call_session_id
"""


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_postgres(Path(folder)) as uri,
        instant_megaplan() as port,
    ):
        account = f"127.0.0.1:{port}"
        floor = _floor(uri, account, options.calls)
        ours = _push(uri, port, account, options.calls)
    text = "\n".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}: {options.calls} calls, one process each, one session of Postgres.",
            "",
            "| | seconds | calls a second |",
            "| --- | ---: | ---: |",
            f"| floor: bare claiming, {CALLS_PER_REQUEST} at a time | {floor:.2f} | {options.calls / floor:.0f} |",
            f"| the push, history only | {ours:.2f} | {options.calls / ours:.0f} |",
            "",
            f"The push takes {ours / floor:.1f} times as long as bare claiming.",
        ]
    )
    print(text)
    if options.write_docs:
        write_between_markers(DOCS_PAGE, text, BEGIN, END)


def _floor(uri: str, account: str, calls: int) -> float:
    with _database(uri, "floor", account, calls) as connection:
        connection.execute(_LEDGER)
        connection.execute("ANALYZE telephony.call_deliveries")
        began = time.monotonic()
        while connection.execute(_CLAIM, {"account": account, "limit": CALLS_PER_REQUEST}).rowcount:
            pass
        return time.monotonic() - began


def _push(uri: str, port: int, account: str, calls: int) -> float:
    described = {
        "conn_type": "megaplan",
        "host": "http://127.0.0.1",
        "port": port,
        "login": "bench@example.org",
        "password": "bench",
        "extra": json.dumps({"requests_per_second": 1000, "requests_per_hour": 1_000_000}),
    }
    os.environ["AIRFLOW_CONN_MEGAPLAN_BENCH"] = json.dumps(described)
    with _database(uri, "push", account, calls) as connection:
        connection.execute("ANALYZE telephony.calls")
        push = AccountPush(MegaplanHook("megaplan_bench"), connection, _no_exchange())
        began = time.monotonic()
        counts = push.run()
        took = time.monotonic() - began
    if counts.get("history_done") != calls:
        raise RuntimeError(f"{counts} instead of {calls} calls")
    return took


@contextmanager
def _database(uri: str, name: str, account: str, calls: int) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(uri, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    with DurableSession.open(uri.replace("/postgres?", f"/{name}?")) as connection:
        prepare_raw_schema(connection)
        prepare_telephony_schema(connection)
        connection.execute(_USER, (account,))
        connection.execute(_CALLS, {"account": account, "calls": calls})
        yield connection


def _no_exchange() -> UisSettings:
    exchange = {"conn_type": "uis", "host": "http://127.0.0.1:9", "extra": {"access_token": "none"}}
    return UisSettings.from_connection(Connection.from_json(json.dumps(exchange), conn_id="uis_bench"))


@contextmanager
def instant_megaplan() -> Iterator[int]:
    """Run a Megaplan that takes every call at once, in a process of its own; give its port."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield int(ours.recv())
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Any) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/auth/access_token"):
                answer: Any = {
                    "access_token": "t",
                    "expires_in": 3600,
                    "token_type": "bearer",
                    "refresh_token": "r",
                }
            else:
                cards = [{**call, "id": call["providerId"]} for call in orjson.loads(body)]
                answer = {"meta": {"status": 200, "errors": [], "pagination": []}, "data": cards}
            content = orjson.dumps(answer)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
