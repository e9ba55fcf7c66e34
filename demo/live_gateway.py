"""The demo's gateway between both emulated services."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.airflow_home import REPOSITORY
from demo.emulator import wait_for_answer
from demo.processes import Program, running


@contextmanager
def live_gateway(port: int, log: Path, environment: Mapping[str, str]) -> Iterator[Program]:
    """Run the gateway for the duration of the block, which begins once it serves the account.

    The tables must exist.

    :param port: on 127.0.0.1
    :param environment: with the connections
    """
    command = [sys.executable, "-m", "megaplan_gateway", "--port", str(port)]
    with running("the gateway", command, log, {**environment, "PYTHONPATH": str(REPOSITORY)}) as program:
        wait_for_answer(program, f"http://127.0.0.1:{port}/ready")
        yield program
