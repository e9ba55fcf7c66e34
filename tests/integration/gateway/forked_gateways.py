"""Gateways that start within a fraction of a second: forks of a process that has imported everything.

As a program (``python -m tests.integration.gateway.forked_gateways <log>``) it reads ports from its standard input,
and answers each with the id of a process that serves a gateway on that port.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import REPOSITORY


class GatewayForks:
    """Starts gateways."""

    def __init__(self, parent: "subprocess.Popen[str]") -> None:
        self._parent = parent

    def start(self, port: int) -> int:
        """Start a gateway on a port, and return the id of its process; it may not serve yet."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{port}\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())


@contextmanager
def gateway_forks(log: Path) -> Iterator[GatewayForks]:
    """Offer gateways with the environment's connections; those left at the end are killed."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.gateway.forked_gateways", str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}/plugins", "AIRFLOW_HOME": str(log.parent)},
        start_new_session=True,
    )
    try:
        yield GatewayForks(parent)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def _serve(port: int, log: Path) -> None:
    from megaplan_gateway.accounts.airflow_connections import read_accounts, read_postgres_address
    from megaplan_gateway.app import build_app
    from megaplan_gateway.http.server import Server
    from megaplan_gateway.logs import configure_logging
    from megaplan_gateway.service import Gateway

    with log.open("ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    configure_logging("INFO")
    Server(build_app(Gateway(read_postgres_address(), read_accounts)), port=port).run()


def _main(log: Path) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow prints while it is imported
    from megaplan_gateway import app  # noqa: F401
    from megaplan_gateway.accounts.airflow_connections import read_accounts

    read_accounts()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                _serve(int(line), log)
            finally:
                os._exit(0)
        answers.write(f"{child}\n")
        answers.flush()


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
