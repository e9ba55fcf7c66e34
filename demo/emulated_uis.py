"""An emulated UIS cabinet for the demo."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from demo.emulator import NO_PROXY, Emulator, served_by

TOKEN = "uis-demo-token"
_DEALS_REPORT = 1002


class EmulatedUis(Emulator):
    """A running emulator."""

    def connection(self, **settings: Any) -> dict[str, Any]:
        """Return the Airflow connection that points at it.

        :param settings: settings of the cabinet, see docs/settings.md
        """
        return {
            "conn_type": "uis",
            "host": "http://127.0.0.1",
            "port": self.port,
            "extra": json.dumps({"access_token": TOKEN, **settings}),
            "description": "The emulated UIS cabinet of the demo",
        }

    def notify(self, url: str) -> None:
        """Let the cabinet send all telephony notifications to an address."""
        self.control("notifications", {"event": "all", "template": "flat", "url": url})

    def play(self, **call: Any) -> int:
        """Start a call; return the number of its session."""
        return int(self.control("calls", call)[0]["id"])

    def call(self, number: int) -> dict[str, Any]:
        """Return everything about a call; times are timestamps."""
        found: dict[str, Any] = self.control(f"calls?id={number}")[0]
        return found

    def shown_deals(self, first_year: int = 2020) -> int:
        """Return how many deals the cabinet's report shows, by the public API (``get.deals``)."""
        return sum(self._deals_of(year) for year in range(first_year, datetime.now().year + 1))

    def _deals_of(self, year: int) -> int:
        params = {
            "access_token": TOKEN,
            "report_id": _DEALS_REPORT,
            "fields": ["deal_ext_id"],
            "limit": 1,
            "date_from": f"{year}-01-01 00:00:00",
            "date_till": f"{year}-12-31 23:59:59",
        }
        body = {"jsonrpc": "2.0", "id": "demo", "method": "get.deals", "params": params}
        answer = requests.post(f"{self.url}/v2.0", json=body, timeout=60, proxies=NO_PROXY).json()
        if "error" in answer:
            raise RuntimeError(f"the emulated UIS refuses get.deals: {answer['error']}")
        return int(answer["result"]["metadata"]["total_items"])


@contextmanager
def emulated_uis(port: int, log: Path, employees: int = 10) -> Iterator[EmulatedUis]:
    """Run the emulator until the block ends.

    :param port: on 127.0.0.1
    """
    arguments = ["--employees", str(employees)]
    with served_by("the emulated UIS", "emulators.uis", port, log, arguments) as program:
        yield EmulatedUis(port, program)
