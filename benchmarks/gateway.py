"""Benchmarks of the gateway's inbox, pop-ups and routing: `python -m benchmarks.gateway`.

Everything runs on one machine, including the senders. Targets: at least 2 000 durable notifications a second with p99
below 50 ms; from an event to its request to Megaplan p95 below 50 ms; routing p99 below 30 ms; constant memory.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import psycopg
import uvloop

from benchmarks.gateway_load import Latencies, Sender, get, post
from benchmarks.gateway_world import EMPLOYEES, RecordingMegaplan, RunningGateway, fill, running_gateway
from benchmarks.postgres import running_postgres
from benchmarks.samples import keep, spread
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION, Message, event_row, insert_parameters
from megaplan_sync.kernel.sql import read_sql

DOCS_PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN = "<!-- gateway: written by `python -m benchmarks.gateway --write-docs` -->"
END = "<!-- gateway: end -->"
CONNECTIONS = 64
DATABASE = "gateway"
EVENTS = ("in_call_session", "in_call", "call_proceeding", "call_connected", "talk_started", "talk_finished")
_calls = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """A row of the report: what was measured, the target, and whether it was met (None without a target).

    :param samples: the latencies it is about, in seconds
    """

    what: str
    result: str
    target: str = ""
    is_met: bool | None = None
    samples: Sequence[float] = ()

    def as_sample(self) -> dict[str, Any]:
        """Return the row with its latencies in milliseconds, as many as show their distribution."""
        latencies = [round(1000 * one, 2) for one in spread(self.samples)]
        return {"what": self.what, "result": self.result, "latencies_ms": latencies}


def notification(mnemonic: str, call: int, employee: int | None) -> bytes:
    """Return a current notification."""
    return json.dumps(
        {
            "notification_mnemonic": mnemonic,
            "notification_timestamp": int(time.time()),
            "call_session_id": 700_000_000 + call,
            "direction": "in",
            "call_source": "va",
            "external_id": None,
            "virtual_phone_number": "74950000001",
            "contact_phone_number": f"7900{call % 10_000_000:07d}",
            "employee_id": employee,
            "leg_id": 880_000_000 + call,
            "talk_time_duration": 60,
        }
    ).encode()


def stream(employee: int | None) -> itertools.chain[bytes]:
    """Return an endless stream of the notifications of calls; without ``employee`` nobody is matched."""

    def notifications(call: int) -> list[bytes]:
        employee_id = 999_999 if employee is None else 501 + call % EMPLOYEES
        return [notification(mnemonic, call, employee_id) for mnemonic in EVENTS]

    return itertools.chain.from_iterable(notifications(call) for call in _calls)


def bare_inserts(uri: str, account: str, rows: int) -> float:
    """Return rows per second of the inbox's own statement, with as many rows per commit as there are connections."""
    zone = ZoneInfo("Europe/Moscow")
    events = [
        event_row(UIS_NOTIFICATION, Message(body, None), zone)
        for body in itertools.islice(stream(None), rows)
    ]
    with psycopg.connect(uri, autocommit=True, prepare_threshold=None) as connection:
        started = time.perf_counter()
        for start in range(0, rows, CONNECTIONS):
            batch = insert_parameters(account, UIS_NOTIFICATION, events[start : start + CONNECTIONS])
            connection.execute(read_sql("insert_events"), batch).fetchall()
        return rows / (time.perf_counter() - started)


async def measure(options: argparse.Namespace) -> list[Line]:
    """Run all stages."""
    megaplan = RecordingMegaplan()
    await megaplan.start()
    account = f"127.0.0.1:{megaplan.port}"
    lines: list[Line] = []
    with running_postgres() as postgres:
        uri = postgres.fresh_database(DATABASE)
        fill(uri, account, options.contacts)
        with running_gateway(postgres, DATABASE, megaplan.port) as gateway:
            sender = Sender(gateway.port)
            lines += await measure_inbox(options, uri, gateway, sender)
            lines += await measure_popups(options, gateway, sender, megaplan)
            lines += await measure_routing(options, gateway, sender, megaplan)
            lines += await measure_memory(options, gateway, sender)
    return lines


async def measure_inbox(
    options: argparse.Namespace, uri: str, gateway: RunningGateway, sender: Sender
) -> list[Line]:
    """Measure notifications: bare inserts, at maximum rate, and at the target rate."""
    path, lines = gateway.path("/uis"), []
    count = options.notifications
    bare = await asyncio.to_thread(bare_inserts, uri, "bare", count)
    lines.append(Line(f"bare inserts, {CONNECTIONS} per commit", f"{bare:,.0f}/s"))
    warm_up = [post(path, body) for body in itertools.islice(stream(None), 1000)]
    await sender.at_max_rate(warm_up, CONNECTIONS)
    for title, employee in (("no pop-ups", None), ("each call with pop-ups", 1)):
        requests = [post(path, body) for body in itertools.islice(stream(employee), count)]
        before, commits = gateway.cpu_seconds(), gateway.commits()
        measured = await sender.at_max_rate(requests, CONNECTIONS)
        used = (gateway.cpu_seconds() - before) / measured.wall_seconds
        has_target = employee is None
        number, rows, seconds = (now - then for now, then in zip(gateway.commits(), commits, strict=True))
        lines.append(
            Line(
                f"accepted and durable, {CONNECTIONS} connections, {title}",
                f"{measured.per_second:,.0f}/s, {measured.per_second / bare:.2f} × bare, {_latency(measured)}, "
                f"{used:.2f} cores in the gateway, "
                f"{rows / number:.0f} rows and {1000 * seconds / number:.0f} ms per commit",
                "2,000/s, p99 < 50 ms" if has_target else "",
                measured.per_second >= 2000 and measured.percentile_ms(0.99) < 50 and not measured.failed
                if has_target
                else None,
                measured.seconds,
            )
        )
        await asyncio.sleep(3)
    bodies = stream(None)
    measured = await sender.at_rate(lambda _: post(path, next(bodies)), 2000, 10)
    lines.append(
        Line(
            "accepted and durable, open loop at 2,000/s for 10 s",
            f"{measured.per_second:,.0f}/s, {_latency(measured)}",
            "p99 < 50 ms",
            measured.percentile_ms(0.99) < 50 and not measured.failed,
            measured.seconds,
        )
    )
    return lines


async def measure_popups(
    options: argparse.Namespace, gateway: RunningGateway, sender: Sender, megaplan: RecordingMegaplan
) -> list[Line]:
    """Measure the time from sending an event to the arrival of its request at Megaplan."""
    measured, sent = Latencies(), {}
    states = {"call_proceeding": "calling", "talk_started": "talking", "call_session_finished": "finished"}
    await asyncio.sleep(5)
    for change in range(options.changes):
        if change % 3 == 0:
            call = next(_calls)
        mnemonic, state = list(states.items())[change % 3]
        request = post(gateway.path("/uis"), notification(mnemonic, call, 501 + call % EMPLOYEES))
        sent[str(700_000_000 + call), state] = time.perf_counter()
        await sender.at_max_rate([request], 1)
        await asyncio.sleep(options.change_seconds)
    await asyncio.sleep(1)
    measured.seconds = [megaplan.arrived[key] - at for key, at in sent.items() if key in megaplan.arrived]
    measured.failed = len(sent) - len(measured.seconds)
    p50, p95 = measured.percentile_ms(0.5), measured.percentile_ms(0.95)
    result = f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, {measured.failed} of {len(sent)} missing"
    what = f"event in → callInfo out, a change every {options.change_seconds:g} s"
    return [Line(what, result, "p95 < 50 ms", p95 < 50 and not measured.failed, measured.seconds)]


async def measure_routing(
    options: argparse.Namespace, gateway: RunningGateway, sender: Sender, megaplan: RecordingMegaplan
) -> list[Line]:
    """Measure routing of known numbers, and of unknown ones while Megaplan hangs."""

    def ask(number: int) -> bytes:
        return get(gateway.path("/route") + "?" + urlencode({"numa": str(number), "cdr_id": number}))

    known = [ask(79_000_000_001 + number * 97 % options.contacts) for number in range(options.routes)]
    measured = await sender.at_max_rate(known, 4)
    p99 = measured.percentile_ms(0.99)
    lines = [
        Line(
            f"route from the index, {options.contacts:,} contacts, 4 connections",
            f"{measured.per_second:,.0f}/s, {_latency(measured)}",
            "p99 < 30 ms",
            p99 < 30 and not measured.failed,
            measured.seconds,
        )
    ]
    megaplan.hangs = True
    measured = await sender.at_max_rate([ask(78_000_000_000 + number) for number in range(20)], 10)
    megaplan.release()
    longest = max(measured.seconds, default=float("nan"))
    lines.append(
        Line(
            "route of an unknown number while Megaplan hangs",
            f"longest {longest:.2f} s, {measured.failed} failed",
            "within 2 s",
            longest < 2 and not measured.failed,
            measured.seconds,
        )
    )
    return lines


async def measure_memory(options: argparse.Namespace, gateway: RunningGateway, sender: Sender) -> list[Line]:
    """Measure memory under steady load."""
    seconds, bodies = options.minutes * 60, stream(1)
    path = gateway.path("/uis")
    sizes = []
    for _ in range(5):
        await sender.at_rate(lambda _: post(path, next(bodies)), options.steady_rate, seconds / 5)
        sizes.append(gateway.rss_mb())
    growth = sizes[-1] - sizes[0]
    return [
        Line(
            f"memory, {options.minutes:g} min at {options.steady_rate}/s with pop-ups",
            " → ".join(f"{size:.0f}" for size in sizes) + " MB",
            "constant (± 10 MB)",
            abs(growth) <= 10,
        )
    ]


def _latency(measured: Latencies) -> str:
    failed = f", {measured.failed} failed" if measured.failed else ""
    return f"p50 {measured.percentile_ms(0.5):.1f} ms, p99 {measured.percentile_ms(0.99):.1f} ms{failed}"


def markdown(lines: list[Line], options: argparse.Namespace) -> str:
    """Return the table for the documentation."""
    rows = [
        f"| {line.what} | {line.result} | {line.target} | "
        f"{'' if line.is_met is None else 'met' if line.is_met else '**missed**'} |"
        for line in lines
    ]
    head = (
        f"{date.today()}, {os.cpu_count()} cores shared by the gateway, Postgres (fsync on) and the senders."
    )
    return "\n".join([head, "", "| what | result | target | |", "| --- | --- | --- | --- |", *rows])


def main() -> None:
    """Parse the arguments, run the benchmark and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--notifications", type=int, default=20_000)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--routes", type=int, default=2_000)
    parser.add_argument("--changes", type=int, default=45)
    parser.add_argument("--change-seconds", type=float, default=1.0)
    parser.add_argument("--minutes", type=float, default=1.0, help="of steady load; the target is 30")
    parser.add_argument("--steady-rate", type=int, default=200)
    parser.add_argument("--samples", type=Path, help="file for the raw samples, as JSON")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    lines = uvloop.run(measure(options))
    if options.samples:
        keep(options.samples, [line.as_sample() for line in lines])
    text = markdown(lines, options)
    print(text)
    if options.write_docs:
        page = DOCS_PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        tail = rest.partition(END)[2]
        DOCS_PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
