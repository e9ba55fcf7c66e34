"""What both emulators share: a program, an address, control routes."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import requests

from demo.processes import Program, running

NO_PROXY = {"http": "", "https": ""}
_REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    port: int
    program: Program

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def control(self, route: str, body: Any = None, method: str | None = None) -> Any:
        """Call a control route: mutations, faults, knobs, logs, state."""
        answer = requests.request(
            method or ("GET" if body is None else "POST"),
            f"{self.url}/_control/{route}",
            json=body,
            timeout=60,
            proxies=NO_PROXY,
        )
        answer.raise_for_status()
        return orjson.loads(answer.content) if answer.content else None


@contextmanager
def served_by(name: str, module: str, port: int, log: Path, arguments: Sequence[str]) -> Iterator[Program]:
    """Run a module that serves on 127.0.0.1 for the duration of the block, which begins once it answers.

    :param arguments: of the module, in addition to its port
    """
    command = [sys.executable, "-m", module, "--port", str(port), *arguments]
    with running(name, command, log, {**os.environ, "PYTHONPATH": str(_REPOSITORY)}) as program:
        wait_for_answer(program, f"http://127.0.0.1:{port}/_control/knobs")
        yield program


def wait_for_answer(program: Program, url: str, seconds: float = 120) -> None:
    """Wait until a program answers a GET successfully."""
    until = time.monotonic() + seconds
    while True:
        program.ensure_running()
        try:
            requests.get(url, timeout=5, proxies=NO_PROXY).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
