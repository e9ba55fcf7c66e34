"""An emulated Megaplan account for the demo and the tests."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from demo.emulator import NO_PROXY, Emulator, served_by

LOGIN, PASSWORD = "demo@example.org", "demo-password"
APPLICATION, APPLICATION_TOKEN = "demo-application", "demo-app-token"
_STREAMS = ["deals", "contractors", "employees", "events", "comments"]


class EmulatedMegaplan(Emulator):
    """A running emulator."""

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

    def notify(self, url: str) -> None:
        """Let the account's application send all events to an address."""
        requests.put(
            f"{self.url}/api/v3/integration/{APPLICATION}",
            json={"streamUri": url, "subscribedStreams": _STREAMS},
            headers={"Authorization": f"Bearer {APPLICATION_TOKEN}"},
            timeout=10,
            proxies=NO_PROXY,
        ).raise_for_status()


@contextmanager
def emulated_megaplan(
    port: int, deals: int, log: Path, arguments: Sequence[str] = ()
) -> Iterator[EmulatedMegaplan]:
    """Run the emulator until the block ends.

    :param port: on 127.0.0.1
    :param arguments: further arguments of ``python -m emulators.megaplan``
    """
    size = ["--deals", str(deals), *arguments]
    with served_by("the emulated Megaplan", "emulators.megaplan", port, log, size) as program:
        yield EmulatedMegaplan(port, program)


def what_it_holds(megaplan: EmulatedMegaplan) -> dict[str, int]:
    """Return how many rows each raw table should have, counted by the emulator."""
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
"""Raw tables, and the emulator's names of their entities."""
