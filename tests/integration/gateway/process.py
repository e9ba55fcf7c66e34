"""A gateway in a separate process that a test may kill."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).parents[3]


@contextmanager
def gateway_process(port: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``python -m megaplan_gateway`` with the environment's connections; ready inside the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "megaplan_gateway", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": f"{REPOSITORY}/plugins", "AIRFLOW_HOME": str(log.parent)},
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/ready", process)
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 120
    while True:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > until or process.poll() is not None:
            pytest.fail("the gateway does not start")
        time.sleep(0.1)
