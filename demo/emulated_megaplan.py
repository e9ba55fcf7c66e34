"""An emulated Megaplan account for the demo and the tests."""

import json
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

LOGIN, PASSWORD = "demo@example.org", "demo-password"
_NO_PROXY = {"http": "", "https": ""}


@dataclass(frozen=True)
class EmulatedMegaplan:
    """A running emulator."""

    port: int
    program: Program

    @property
    def url(self) -> str:
        """Address of the account."""
        return f"http://127.0.0.1:{self.port}"

    def connection(self, **settings: Any) -> dict[str, Any]:
        """Return the Airflow connection that points at it.

        :param settings: settings of the account, see docs/settings.md
        """
        return {
            "conn_type": "megaplan",
            "host": "http://127.0.0.1",
            "port": self.port,
            "login": LOGIN,
            "password": PASSWORD,
            "extra": json.dumps(settings),
            "description": "The emulated Megaplan account of the demo",
        }

    def control(self, route: str, body: Any = None, method: str | None = None) -> Any:
        """Call a control route of the emulator: mutations, faults, knobs, log of requests."""
        answer = requests.request(
            method or ("GET" if body is None else "POST"),
            f"{self.url}/_control/{route}",
            json=body,
            timeout=60,
            proxies=_NO_PROXY,
        )
        answer.raise_for_status()
        return orjson.loads(answer.content) if answer.content else None


@contextmanager
def emulated_megaplan(
    port: int, deals: int, log: Path, arguments: Sequence[str] = ()
) -> Iterator[EmulatedMegaplan]:
    """Run the emulator until the block ends.

    :param port: where it listens, at 127.0.0.1
    :param arguments: further arguments of ``python -m emulators.megaplan``
    """
    command = [sys.executable, "-m", "emulators.megaplan", "--port", str(port), "--deals", str(deals)]
    repository = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    url = f"http://127.0.0.1:{port}"
    with running("the emulated Megaplan", [*command, *arguments], log, environment) as program:
        until = time.monotonic() + 120
        while True:
            program.ensure_running()
            try:
                requests.get(f"{url}/_control/knobs", timeout=5, proxies=_NO_PROXY).raise_for_status()
                break
            except requests.RequestException:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield EmulatedMegaplan(port, program)


def what_it_holds(megaplan: EmulatedMegaplan) -> dict[str, int]:
    """Return how many rows each raw table should hold, counted by the emulator itself."""
    state = megaplan.control("state")
    held = {table: int(state["counts"][name]) for table, name in _TABLES.items()}
    held["deals"] -= len(state["hiddenDeals"])
    held["contacts"] -= int(state["droppedContractors"])
    held["deal_positions"] = int(state["positions"])
    return held


_TABLES = {
    "advertising_ways": "ContractorAdvertisingWay",
    "contact_types": "ContractorType",
    "contacts": "Contractor",
    "currencies": "Currency",
    "deals": "Deal",
    "departments": "Department",
    "employees": "Employee",
    "pipeline_stages": "ProgramState",
    "pipelines": "Program",
}
"""Raw tables and the emulator's names of what they hold."""
