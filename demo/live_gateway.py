"""The gateway of the demo, between both emulated sides."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.airflow_home import REPOSITORY
from demo.emulator import wait_for_answer
from demo.processes import Program, running


@contextmanager
def live_gateway(port: int, log: Path, environment: Mapping[str, str]) -> Iterator[Program]:
    """Run the gateway until the block ends, which begins when it serves the account.

    The tables have to be there before.

    :param port: where it listens, at 127.0.0.1
    :param environment: with the connections
    """
    command = [sys.executable, "-m", "megaplan_gateway", "--port", str(port)]
    with running("the gateway", command, log, {**environment, "PYTHONPATH": str(REPOSITORY)}) as program:
        wait_for_answer(program, f"http://127.0.0.1:{port}/ready")
        yield program
