"""A storm of group calls on the default request budget: `python -m benchmarks.call_storm`.

50 calls in a minute, each to seven telephones. Targets: at least 45 of them have their first card within a second,
and every end is with Megaplan within a second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from benchmarks.gateway import DATABASE, notification
from benchmarks.gateway_load import Sender, post
from benchmarks.gateway_world import RecordingMegaplan, fill, running_gateway
from benchmarks.postgres import running_postgres

DOCS_PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN = "<!-- storm: written by `python -m benchmarks.call_storm --write-docs` -->"
END = "<!-- storm: end -->"
TELEPHONES = 7
ANSWERED_SHARE = 0.7
DEFAULT_BUDGET = {"requests_per_second": 3.0, "requests_per_hour": 1000}


@dataclass
class Storm:
    """When events were sent and their requests arrived at Megaplan, by call and state."""

    calls: int
    sent: dict[tuple[str, str], float] = field(default_factory=dict)
    arrived: dict[tuple[str, str], float] = field(default_factory=dict)

    def delays(self, state: str) -> list[float]:
        """Return the seconds from each event to its request, in order."""
        return sorted(
            self.arrived[key] - at for key, at in self.sent.items() if key[1] == state and key in self.arrived
        )

    def line(self, what: str, state: str) -> str:
        """Return the table's row of a state."""
        sent, delays = sum(key[1] == state for key in self.sent), self.delays(state)
        in_time = sum(delay <= 1 for delay in delays)
        longest = f"{delays[-1]:.2f} s" if delays else "–"
        return f"| {what} | {sent} | {in_time} | {longest} | {sent - len(delays)} |"


async def play(seconds: float, calls: int, seed: int) -> Storm:
    """Play the storm."""
    megaplan, storm = RecordingMegaplan(), Storm(calls)
    await megaplan.start()
    with running_postgres() as postgres:
        fill(postgres.fresh_database(DATABASE), f"127.0.0.1:{megaplan.port}", 1000)
        with running_gateway(postgres, DATABASE, megaplan.port, DEFAULT_BUDGET) as gateway:
            sender, path, chance = Sender(gateway.port), gateway.path("/uis"), random.Random(seed)

            async def event(call: int, mnemonic: str, state: str | None, *employees: int) -> None:
                if state is not None:
                    storm.sent[str(700_000_000 + call), state] = time.perf_counter()
                bodies = [post(path, notification(mnemonic, call, employee)) for employee in employees]
                await sender.at_max_rate(bodies, 1)

            async def one_call(call: int) -> None:
                await asyncio.sleep(chance.uniform(0, seconds))
                rung = [501 + (call + telephone) % 50 for telephone in range(TELEPHONES)]
                await event(call, "call_proceeding", "calling", *rung)
                if chance.random() < ANSWERED_SHARE:
                    await asyncio.sleep(chance.uniform(3, 10))
                    await event(call, "talk_started", "talking", rung[chance.randrange(TELEPHONES)])
                    await asyncio.sleep(chance.uniform(5, 30))
                else:
                    await asyncio.sleep(chance.uniform(8, 20))
                await event(call, "call_session_finished", "finished", rung[0])

            # the first request logs in
            await event(0, "call_proceeding", None, 501)
            await event(0, "call_session_finished", None, 501)
            await asyncio.sleep(5)
            await asyncio.gather(*(one_call(call) for call in range(1, calls + 1)))
            await asyncio.sleep(15)
    storm.arrived = megaplan.arrived
    return storm


def table(storm: Storm, seconds: float) -> str:
    """Return the table for the documentation."""
    load = os.getloadavg()[0]
    return "\n".join(
        [
            f"{date.today()}: {storm.calls} calls in {seconds:g} s, each to {TELEPHONES} telephones; "
            f"{DEFAULT_BUDGET['requests_per_second']:g} requests a second; load of the machine {load:.0f}.",
            "",
            "| what | events | within 1 s | longest | never |",
            "| --- | ---: | ---: | ---: | ---: |",
            storm.line("first card", "calling"),
            storm.line("change to the one who talks", "talking"),
            storm.line("end", "finished"),
        ]
    )


def main() -> None:
    """Parse the arguments, play the storm and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.call_storm", description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    text = table(asyncio.run(play(options.seconds, options.calls, options.seed)), options.seconds)
    print(text)
    if options.write_docs:
        page = DOCS_PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        tail = rest.partition(END)[2]
        DOCS_PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
