"""Runs ``airflow`` commands in forks of a process that has imported Airflow, which takes longer than most of them."""

import json
import select
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import PIPE

_TIMEOUT_SECONDS = 280


class WarmAirflow:
    """A process that has imported Airflow with the settings of one home; it ends with this object.

    :param folder: the home, and the working directory of commands
    :param environment: used while Airflow is imported
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("airflow_in_forks.py"))],
            env=environment,
            cwd=folder,
            stdin=PIPE,
            stdout=PIPE,
            stderr=(folder / "warm.err").open("wb"),
        )
        weakref.finalize(self, _end, self._process)

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        """Run an ``airflow`` command in an environment; return its exit code and output."""
        output = self._folder / "command.out"
        command = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "output": str(output),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        answered, _, _ = select.select([self._process.stdout], [], [], _TIMEOUT_SECONDS)
        answer = self._process.stdout.readline() if answered else b""
        written = output.read_text(errors="replace") if output.exists() else ""
        if not answer:
            self._process.kill()
            errors = (self._folder / "warm.err").read_text(errors="replace")
            raise RuntimeError(f"airflow {' '.join(arguments)} has not ended:\n{errors}{written[-3000:]}")
        return int(answer), written


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    process.wait()
