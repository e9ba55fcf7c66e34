"""A gateway killed under load has stored everything it acknowledged, and logged no secret."""

import json
import signal
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from demo.processes import free_port
from megaplan_sync.inbox.event_store import MOSCOW

from .call_world import ANNA, STRANGER, CallWorld
from .process import gateway_process
from .served import MEGAPLAN_SECRET, UIS_SECRET
from .test_receiving import RINGING

pytest_plugins = ["tests.emulators.uis_fixtures"]


class Load:
    """Senders that run until the gateway stops answering, and the messages it acknowledged."""

    def __init__(self, url: str, senders: int) -> None:
        self._url = url
        self.acknowledged: list[int] = []
        self._threads = [threading.Thread(target=self._send, args=(sender,)) for sender in range(senders)]
        for thread in self._threads:
            thread.start()

    def _send(self, sender: int) -> None:
        number = 900_000_000 + sender * 100_000
        with httpx.Client(trust_env=False, timeout=5) as client:
            while True:
                number += 1
                now = datetime.now(MOSCOW)
                body = RINGING | {
                    "call_session_id": number,
                    "notification_time": f"{now:%Y-%m-%d %H:%M:%S.000}",
                    "notification_timestamp": int(now.timestamp()),
                }
                try:
                    answer = client.post(self._url, content=json.dumps(body))
                except httpx.HTTPError:
                    return
                if answer.status_code == 200:
                    self.acknowledged.append(number)

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(timeout=10)


def test_everything_acknowledged_is_in_the_inbox(
    call_world: CallWorld, megaplan: EmulatedMegaplan, tmp_path: Path
) -> None:
    port, log = free_port(0), tmp_path / "gateway.log"
    with gateway_process(port, log) as process:
        load = Load(f"http://127.0.0.1:{port}/{call_world.account}/{UIS_SECRET}/uis", senders=6)
        until = time.monotonic() + 20
        while len(load.acknowledged) < 300:
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        load.wait()
    assert len(load.acknowledged) >= 300
    assert set(load.acknowledged) <= sessions(call_world.database), "acknowledged but not stored"
    assert_no_private_data(log.read_text())


def sessions(database: Connection[Any]) -> set[int]:
    return {session for (session,) in database.execute("SELECT call_session_id FROM telephony.events")}


def assert_no_private_data(log: str) -> None:
    assert '"event":"gateway listening"' in log
    for private in (UIS_SECRET, MEGAPLAN_SECRET, RINGING["contact_phone_number"], STRANGER, "demo-password"):
        assert str(private) not in log
    start = log.index('{"at"')  # preceded by Airflow's own output
    assert [line for line in log[start:].splitlines() if not line.startswith("{")] == []
    assert str(ANNA) not in log
