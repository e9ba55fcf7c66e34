"""Two gateways of one account are killed, stopped and paused in turn, Postgres crashes, Megaplan hangs.

``CHAOS_EVENTS=10000`` plays a longer time; the figures of such a run are in docs/benchmarks.md.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from demo.embedded_postgres import embedded_postgres
from demo.processes import free_port

from ..databases import create_prepared_database
from ..server_folder import server_folder
from ..telephony.test_postgres_restarts import crash_and_restart
from .call_world import STRANGER, CallWorld
from .forked_gateways import GatewayForks, gateway_forks
from .one_address import Address
from .served import UIS_SECRET
from .waiting import until

pytest_plugins = ["tests.emulators.uis_fixtures"]

EVENTS = int(os.environ.get("CHAOS_EVENTS", "180"))
EVENTS_OF_A_CALL = 4
CALLS_AT_ONCE = 12 if EVENTS < 1000 else 32
FIRST_CALL = 600_000_000


@pytest.fixture(scope="module")
def data_folder() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def postgres(data_folder: Path) -> Iterator[str]:
    """A server of this module's own, which is killed and restarted."""
    with embedded_postgres(data_folder) as uri:
        yield uri


@pytest.fixture(scope="module")
def prepared_template(postgres: str) -> str:
    """Name of a database that has all tables, on that server."""
    return create_prepared_database(postgres)


class Mischief:
    """Does something bad every few seconds, until it is stopped; always leaves one gateway."""

    def __init__(
        self, forks: GatewayForks, ports: list[int], data_folder: Path, fault: Callable[..., None], seed: int
    ) -> None:
        self._forks = forks
        self._ports = ports
        self._data_folder = data_folder
        self._fault = fault
        self._chance = random.Random(seed)
        self._pids = [self._start(index) for index in (0, 1)]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.done: Counter[str] = Counter()

    def __enter__(self) -> "Mischief":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        deeds = [self._kill, self._stop, self._pause, self._crash_postgres, self._hang_megaplan]
        while not self._is_over.wait(self._chance.uniform(1, 3)):
            deed = deeds[sum(self.done.values()) % len(deeds)]
            deed(self._chance.randrange(2))
            self.done[deed.__name__.strip("_")] += 1

    def _kill(self, index: int) -> None:
        self._signal(index, signal.SIGKILL)

    def _stop(self, index: int) -> None:
        self._signal(index, signal.SIGTERM)

    def _signal(self, index: int, number: int) -> None:
        os.kill(self._pids[index], number)
        until(lambda: not Path(f"/proc/{self._pids[index]}").exists(), 60)
        self._pids[index] = self._start(index)

    def _pause(self, index: int) -> None:
        os.kill(self._pids[index], signal.SIGSTOP)
        self._is_over.wait(6)
        os.kill(self._pids[index], signal.SIGCONT)

    def _crash_postgres(self, _: int) -> None:
        crash_and_restart(self._data_folder)

    def _hang_megaplan(self, _: int) -> None:
        for kind in ("timeout", "reset"):
            self._fault(
                kind=kind, path="/callInfo", seconds=3, count=3, processed=self._chance.random() < 0.5
            )

    def _start(self, index: int) -> int:
        """Start a gateway; return when it is ready."""
        port = self._ports[index]
        pid = self._forks.start(port)

        def is_ready() -> bool:
            with suppress(httpx.HTTPError):
                return httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False).status_code == 200
            return False

        until(is_ready, 120)
        return pid


def test_nothing_is_lost_doubled_or_left_on_a_screen(
    call_world: CallWorld, data_folder: Path, tmp_path: Path
) -> None:
    calls = EVENTS // EVENTS_OF_A_CALL
    ports = [free_port(0), free_port(0)]
    address = Address(f"/{call_world.account}/{UIS_SECRET}/uis", ports)

    def fault(**spec: Any) -> None:
        call_world.megaplan.control("faults", spec)

    def play(call: int) -> None:
        chance = random.Random(call)
        employee = 501 + call % 3
        for mnemonic in ("call_proceeding", "call_connected", "talk_started", "call_session_finished"):
            address.send(event(mnemonic, call, employee), first=chance.randrange(2))
            time.sleep(chance.uniform(0.2, 3))

    with gateway_forks(tmp_path / "gateways.log") as forks:
        with Mischief(forks, ports, data_folder, fault, seed=1) as mischief:
            began = time.monotonic()
            with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
                list(pool.map(play, range(calls)))
            played = time.monotonic() - began
        ended = time.monotonic()
        with psycopg.connect(call_world.database_uri, autocommit=True) as database:
            call_world.database = database
            until(lambda: call_world.screens() == {}, 120)
            until(lambda: set(call_world.cards().values()) <= {"closed", "given_up"}, 300)
            left = time.monotonic() - ended
            until(lambda: not database.execute("SELECT FROM telephony.live_queue").fetchall(), 60)
            stored = database.execute("SELECT count(*) FROM telephony.events").fetchone()
            cards = Counter(call_world.cards().values())
    shown = call_world.calls()  # fails if a call has two objects
    print(
        f"\n{calls * EVENTS_OF_A_CALL} events in {played:.0f} s, {address.refused} requests repeated; "
        f"{dict(mischief.done)}; objects in Megaplan: {len(shown)} of {calls} calls; cards: {dict(cards)}; "
        f"the last one ended after {left:.0f} s"
    )
    assert stored == (calls * EVENTS_OF_A_CALL,), "every acknowledged event is stored, once"
    assert {one["state"] for one in shown.values()} == {"finished"}
    assert shown, "calls are shown nevertheless; how many of them depends on the machine"


def event(mnemonic: str, call: int, employee: int) -> dict[str, Any]:
    now = time.time()
    return {
        "notification_mnemonic": mnemonic,
        "notification_timestamp": int(now),
        "call_session_id": FIRST_CALL + call,
        "direction": "in",
        "contact_phone_number": STRANGER,
        "employee_id": employee,
        "talk_time_duration": 1,
    }
