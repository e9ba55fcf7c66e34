"""A load that a test kills while it runs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration.airflow_runs import REPOSITORY
from tests.integration.conftest import list_requests


class KilledLoad:
    """A load in a process of its own, killed with signal 9 when enough pages were answered."""

    def __init__(self, database_uri: str, megaplan: EmulatedMegaplan, tmp_path: Path) -> None:
        self._database_uri = database_uri
        self._megaplan = megaplan
        self._log = tmp_path / "load.log"

    def until(self, pages: int, *entities: str) -> None:
        self._megaplan.control("requests", method="DELETE")
        slow = {"kind": "slow", "path": "/deal", "exact": True, "seconds": 0.1}
        self._megaplan.control("faults", slow)
        script = Path(__file__).with_name("load_in_a_process.py")
        paths = os.pathsep.join([str(REPOSITORY / "plugins"), str(REPOSITORY)])
        with self._log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", str(script), self._database_uri, *entities],
                env={**os.environ, "PYTHONPATH": paths},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        give_up = time.monotonic() + 90
        while len(list_requests(self._megaplan, "/deal")) < pages:
            assert process.poll() is None, self._log.read_text()
            assert time.monotonic() < give_up, self._log.read_text()
            time.sleep(0.02)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        self._megaplan.control("faults", method="DELETE")
        self._megaplan.control("requests", method="DELETE")
