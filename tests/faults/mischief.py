"""What goes wrong, one thing after the other: processes killed or paused in mid-work, a vendor in trouble."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

from demo.emulated_megaplan import EmulatedMegaplan

from .installation import PUSH, Installation

PAUSE_SECONDS = 150
"""Airflow gives a silent task up sooner, but not if its scheduler is just ending, and waits for it."""
SLOW_PAGES = {"kind": "slow", "path": "/deal", "method": "GET", "seconds": 0.3}
"""So that a load is under way most of the time."""
TROUBLE: Sequence[dict[str, Any]] = (
    {"kind": "429", "retry_after": 1, "count": 6},
    {"kind": "401", "expire_tokens": True, "count": 1},
    {"kind": "truncated", "count": 4},
    {"kind": "html", "count": 4},
    {"kind": "cut", "count": 4},
    {"kind": "502", "processed": True, "count": 4},
    {"kind": "close", "processed": True, "count": 4},
    {"kind": "timeout", "processed": True, "seconds": 8, "count": 2},
    {"kind": "reset", "count": 4},
)


class Mischief:
    """Does bad things in turn until it is stopped; those that have hit nothing yet come first.

    ``done`` counts what has hit something at work.
    """

    def __init__(
        self,
        running: Installation,
        megaplan: EmulatedMegaplan,
        deeds: Sequence[str],
        pause_between: tuple[float, float],
    ) -> None:
        self._running = running
        self._megaplan = megaplan
        self._deeds = deeds
        self._pause_between = pause_between
        self._chance = Random(18)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.done: Counter[str] = Counter()
        self.errors: list[Exception] = []

    def __enter__(self) -> "Mischief":
        self._megaplan.control("faults", SLOW_PAGES)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._megaplan.control("faults", method="DELETE")
        if self.errors:
            raise self.errors[0]

    def wait_for_each_deed(self, seconds: float) -> None:
        """Wait until everything has hit something at work once."""
        deadline = time.monotonic() + seconds
        while (missing := [name for name in self._deeds if not self.done[name]]) and self._thread.is_alive():
            assert time.monotonic() < deadline, f"never happened: {missing}"
            time.sleep(0.5)

    def _run(self) -> None:
        turn = 0
        try:
            while not self._is_over.wait(self._chance.uniform(*self._pause_between)):
                name = next(
                    (one for one in self._deeds if not self.done[one]), self._deeds[turn % len(self._deeds)]
                )
                deed: Callable[[], bool] = getattr(self, f"_{name}")
                self.done[name] += deed()
                self._running.wait_until_it_works()
                turn += 1
        except Exception as error:
            self.errors.append(error)

    def _kill_task(self) -> bool:
        found = self._running.task_at_work()
        return found is not None and _kill(found.own)

    def _kill_worker(self) -> bool:
        found = self._running.task_at_work()
        return found is not None and _kill(found.worker)

    def _pause_task(self) -> bool:
        """Pause it until Airflow has given it up, so that another try takes its place; then let it go on."""
        found = self._running.task_at_work()
        if found is None:
            return False
        with _paused(found.own, found.worker):
            if self._running.is_given_up(found):  # it has just ended
                return False
            deadline = time.monotonic() + PAUSE_SECONDS
            while not (is_given_up := self._running.is_given_up(found)) and time.monotonic() < deadline:
                time.sleep(0.5)
        return is_given_up

    def _kill_scheduler(self) -> bool:
        """Kill it in the middle of a task, which goes on and does not know."""
        found = self._running.task_at_work()
        return found is not None and _kill(found.scheduler)

    def _kill_scheduler_and_tasks(self) -> bool:
        found = self._running.task_at_work()
        return found is not None and _kill(found.own) and _kill(found.worker) and _kill(found.scheduler)

    def _pause_scheduler(self) -> bool:
        """Pause it for longer than the other one waits before it takes its tasks over."""
        found = self._running.task_at_work()
        if found is None:
            return False
        with _paused(found.scheduler):
            self._is_over.wait(60)
        return True

    def _kill_triggerer(self) -> bool:
        return _kill(self._running.part("triggerer", 0).pid)

    def _pause_triggerer(self) -> bool:
        with _paused(self._running.part("triggerer", 0).pid):
            self._is_over.wait(20)
        return True

    def _kill_api_server(self) -> bool:
        return self._running.task_at_work() is not None and _kill(self._running.part("api-server", 0).pid)

    def _kill_gateway(self) -> bool:
        return _kill(self._running.gateway(self._chance.randrange(2)))

    def _pause_gateway(self) -> bool:
        with _paused(self._running.gateway(self._chance.randrange(2))):
            self._is_over.wait(10)
        return True

    def _crash_postgres(self) -> bool:
        found = self._running.task_at_work()
        if found:
            self._running.crash_postgres()
        return bool(found)

    def _pause_dag(self) -> bool:
        self._running.pause_dag(PUSH, True)
        self._is_over.wait(10)
        self._running.pause_dag(PUSH, False)
        return True

    def _trouble_megaplan(self) -> bool:
        """Spoil single requests, some of them after they have taken effect."""
        spoilt = [{"path": path, **fault} for fault in TROUBLE for path in ("/deal", "/callInfo", "/todo")]
        self._chance.shuffle(spoilt)
        self._megaplan.control("faults", method="DELETE")
        self._megaplan.control("faults", [*spoilt, SLOW_PAGES])
        return True

    def _megaplan_down(self) -> bool:
        self._megaplan.control("faults", method="DELETE")
        self._megaplan.control("faults", {"kind": "502"})
        self._is_over.wait(20)
        self._megaplan.control("faults", method="DELETE")
        self._megaplan.control("faults", SLOW_PAGES)
        return True


def _kill(pid: int) -> bool:
    """Kill a process with signal 9; tell whether it was still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _paused(*pids: int) -> Iterator[None]:
    _signal(signal.SIGSTOP, pids)
    try:
        yield
    finally:
        _signal(signal.SIGCONT, pids)


def _signal(number: signal.Signals, pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
