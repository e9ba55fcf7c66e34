"""Run a contender in a fresh process and collect what it cost."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.contender import FOLDER, Contender, Job, Stage
from benchmarks.postgres import Postgres

_SAMPLE_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Measurement:
    """The cost of one stage of one contender.

    :param wall_seconds: of `load` alone; starting Python and importing are left out
    :param cpu_seconds: user and system time of the contender's processes; not of Postgres or the page server
    :param postgres_cpu_seconds: the same of the server during `load`, its own housekeeping included
    :param peak_mb: resident memory, all processes of the contender together
    :param before_mb: resident memory before `load`: Python and the imports
    :param requests: the page server's count per path
    :param rows_written: rows of permanent tables that are new or newer than the stage's begin
    :param tuples_written: every insert, update and delete, staging tables and catalogue included
    """

    contender: Contender
    stage: Stage
    deals: int
    wall_seconds: float
    cpu_seconds: float
    postgres_cpu_seconds: float
    peak_mb: float
    before_mb: float
    requests: dict[str, int]
    rows_written: int
    tuples_written: int
    wal_mb: float

    def as_sample(self) -> dict[str, Any]:
        """Return what was measured, with the contender's title."""
        figures = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }
        return {**figures, "contender": self.contender.title}


@dataclass(frozen=True)
class PageServer:
    """A running page server."""

    base_url: str
    deals: int

    def control(self, command: str, method: str = "POST") -> dict[str, Any] | None:
        """Send a command and return its answer."""
        request = urllib.request.Request(f"{self.base_url}/control/{command}", method=method)
        with urllib.request.urlopen(request, timeout=600) as response:
            answer: dict[str, Any] | None = json.load(response)
            return answer


class ContenderFailedError(Exception):
    """A contender has crashed, or has not loaded what the page server serves."""


@contextmanager
def running_page_server(deals: int) -> Iterator[PageServer]:
    """Run a page server in its own process; it ends with this block, or with this process."""
    command = [sys.executable, "-m", "benchmarks.page_server", "--deals", str(deals)]
    process = subprocess.Popen(
        command, cwd=FOLDER.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        if not port:
            raise RuntimeError("The page server has not started; its error is above")
        yield PageServer(f"http://127.0.0.1:{port}", deals)
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def measure(contender: Contender, job: Job, deals: int, python: str, postgres: Postgres) -> Measurement:
    """Run one stage of a contender and return its cost.

    :param python: the interpreter of the environment in which the contender runs
    """
    database = job.postgres.rpartition("/")[2]
    mark = postgres.mark(database)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "figures.json"
        command = [python, "-m", "benchmarks.run_contender", contender.module, job.to_json(), str(result)]
        process = subprocess.Popen(command, cwd=FOLDER.parent, stdout=subprocess.DEVNULL)
        try:
            tree_peak_kb = _watch_memory(process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise ContenderFailedError(
                f"{contender.title} has failed in stage {job.stage}; its error is above"
            )
        figures = json.loads(result.read_text())
    written = postgres.written_since(database, mark)
    return Measurement(
        contender=contender,
        stage=job.stage,
        deals=deals,
        wall_seconds=figures["wall_seconds"],
        cpu_seconds=figures["cpu_seconds"],
        postgres_cpu_seconds=figures["postgres_cpu_seconds"],
        peak_mb=max(figures["peak_kb"], tree_peak_kb) / 1024,
        before_mb=figures["before_kb"] / 1024,
        requests=figures["requests"],
        rows_written=written.rows,
        tuples_written=written.tuples,
        wal_mb=written.wal_bytes / 1024 / 1024,
    )


def _watch_memory(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process; return the peak in kB of its tree for the times when it had children, else 0."""
    peak = 0
    while process.poll() is None:
        tree = _descendants(process.pid)
        if tree:
            peak = max(peak, sum(_shared_fairly_kb(pid) for pid in [process.pid, *tree]))
        time.sleep(_SAMPLE_EVERY_SECONDS)
    return peak


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [below for child in children for below in _descendants(child)]


def _shared_fairly_kb(pid: int) -> int:
    """Return the proportional set size: what forked processes share is counted once."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return 0
