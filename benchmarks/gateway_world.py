"""The environment of the gateway's benchmark: filled tables, a Megaplan stub that records requests, the process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.postgres import Postgres
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.raw.schema import prepare_raw_schema

SECRET = "benchmark-secret"
EMPLOYEES = 50
UNHURRIED = {"requests_per_second": 1000, "requests_per_hour": 1_000_000}
_FILL = """
INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number, lines)
SELECT %(account)s, n, 500 + n, (100 + n)::text, ARRAY[(79160000000 + n)::text]
FROM generate_series(1, %(employees)s) AS n;
INSERT INTO megaplan_raw.employees (account, payload, content_hash)
SELECT %(account)s, payload, md5(payload::text)
FROM generate_series(1, %(employees)s) AS n
CROSS JOIN LATERAL jsonb_build_object('contentType', 'Employee', 'id', n::text, 'isWorking', true) AS payload;
INSERT INTO megaplan_raw.contacts (account, payload, content_hash)
SELECT %(account)s, payload, md5(payload::text)
FROM generate_series(1, %(contacts)s) AS n
CROSS JOIN LATERAL jsonb_build_object(
  'contentType', 'ContractorHuman',
  'id', n::text,
  'responsibles', jsonb_build_array(
    jsonb_build_object('contentType', 'Employee', 'id', (n %% %(employees)s + 1)::text)
  )
) AS payload;
INSERT INTO megaplan_raw.contact_points (account, contact_id, position, type, phone_e164)
SELECT %(account)s, n, 0, 'phone', '+' || (79000000000 + n)::text FROM generate_series(1, %(contacts)s) AS n
"""


class RecordingMegaplan:
    """Answers the token route and the call routes immediately, and records when each call object arrives.

    :ivar arrived: arrival times by ``providerId`` and state
    """

    def __init__(self) -> None:
        self.arrived: dict[tuple[str, str], float] = {}
        self.hangs = False
        self._released = asyncio.Event()
        self._ids: dict[str, str] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Start listening."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def release(self) -> None:
        """Answer hanging requests, and all later ones immediately."""
        self.hangs = False
        self._released.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                at = time.perf_counter()
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                body = await reader.readexactly(int(length)) if length else b""
                if self.hangs:
                    await self._released.wait()
                answer = self._answer(head.split(b" ", 2)[1].decode(), body, at)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(answer), answer)
                )
        # cancelled when the benchmark is over; asyncio would print a traceback for each connection
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    def _answer(self, path: str, body: bytes, at: float) -> bytes:
        if "access_token" in path:
            return b'{"access_token":"t","expires_in":172800,"token_type":"bearer","refresh_token":"r"}'
        data: dict[str, object] = {"contentType": "CallRoute", "type": None, "employees": [], "users": []}
        if "/callInfo" in path:
            call = json.loads(body)
            provider = call.get("providerId") or self._ids.get(str(call.get("id")), "")
            call_id = str(call.get("id") or len(self._ids) + 1)
            self._ids.setdefault(call_id, provider)
            self.arrived.setdefault((provider, call["state"]), at)
            data = {"contentType": "CallInfo", **call, "id": call_id}
        return json.dumps({"meta": {"status": 200, "errors": [], "pagination": []}, "data": data}).encode()


@dataclass(frozen=True)
class RunningGateway:
    """The gateway's process and its address."""

    port: int
    pid: int
    account: str

    def path(self, route: str) -> str:
        """Return the path of a route."""
        return f"/{self.account}/{SECRET}{route}"

    def rss_mb(self) -> float:
        """Return the resident memory in megabytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024

    def commits(self) -> tuple[float, float, float]:
        """Return the number of commits, their rows and their total duration in seconds."""
        directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with directly.open(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            lines = dict(
                line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#"
            )
        name = "gateway_inbox_commit"
        count, rows, seconds = (
            float(lines[f"{name}_{part}"]) for part in ("rows_count", "rows_sum", "seconds_sum")
        )
        return count, rows, seconds

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(uri: str, account: str, contacts: int) -> None:
    """Create and fill the tables."""
    with psycopg.connect(uri, autocommit=True) as connection:
        prepare_raw_schema(connection)
        prepare_telephony_schema(connection)
        for statement in _FILL.split(";"):
            connection.execute(
                statement.encode(), {"account": account, "employees": EMPLOYEES, "contacts": contacts}
            )
        connection.execute("VACUUM ANALYZE")


@contextmanager
def running_gateway(
    postgres: Postgres, database: str, megaplan_port: int, budget: Mapping[str, float] = UNHURRIED
) -> Iterator[RunningGateway]:
    """Run ``python -m megaplan_gateway`` inside the block.

    :param budget: settings of the connection
    """
    port = _free_port()
    megaplan = {
        "conn_type": "megaplan",
        "host": f"http://127.0.0.1:{megaplan_port}",
        "login": "a@example.org",
        "password": "password",
        "extra": {
            "telephony_active": True,
            "uis_conn_id": "uis_default",
            "route_fallback": "74950000077",
            **budget,
        },
    }
    uis = {"conn_type": "uis", "extra": {"access_token": "token", "webhook_secret": SECRET}}
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "PYTHONPATH": "plugins:.",
            "AIRFLOW_HOME": home,
            "AIRFLOW_VAR_MEGAPLAN_ACCOUNTS": '["megaplan_default"]',
            "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan),
            "AIRFLOW_CONN_UIS_DEFAULT": json.dumps(uis),
            "AIRFLOW_CONN_MEGAPLAN_POSTGRES": postgres.uri(database),
        }
        with Path(home, "gateway.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "megaplan_gateway", "--port", str(port), "--log-level", "WARNING"],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(f"http://127.0.0.1:{port}/ready", process)
            yield RunningGateway(port, process.pid, f"127.0.0.1:{megaplan_port}")
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 90
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with directly.open(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > until or process.poll() is not None:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
