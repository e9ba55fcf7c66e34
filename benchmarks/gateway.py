"""How fast the gateway takes in, shows and routes: `python -m benchmarks.gateway`.

Everything runs on one machine, the senders included. Aims: at least 2 000 notifications a second, durable, p99 below
50 ms; from an event to its request to Megaplan p95 below 50 ms; a route p99 below 30 ms; flat memory.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import psycopg
import uvloop

from benchmarks.gateway_load import Latencies, Sender, get, post
from benchmarks.gateway_world import EMPLOYEES, NotingMegaplan, RunningGateway, fill, running_gateway
from benchmarks.postgres import running_postgres
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
    """A row of the report: what was measured, the aim, and whether it was reached (None: no aim)."""

    what: str
    shown: str
    aim: str = ""
    is_reached: bool | None = None


def notification(mnemonic: str, call: int, employee: int | None) -> bytes:
    """Return a notification of just now."""
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
    """Return the notifications of call after call, without end; ``employee`` None: somebody who is not matched."""

    def of(call: int) -> list[bytes]:
        who = 999_999 if employee is None else 501 + call % EMPLOYEES
        return [notification(mnemonic, call, who) for mnemonic in EVENTS]

    return itertools.chain.from_iterable(of(call) for call in _calls)


def bare_inserts(uri: str, account: str, rows: int) -> float:
    """Return rows a second of the inbox's own statement, as many with one commit as connections send at once."""
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
    megaplan = NotingMegaplan()
    await megaplan.start()
    account = f"127.0.0.1:{megaplan.port}"
    lines: list[Line] = []
    with running_postgres() as postgres:
        uri = postgres.fresh_database(DATABASE)
        fill(uri, account, options.contacts)
        with running_gateway(postgres, DATABASE, megaplan.port) as gateway:
            sender = Sender(gateway.port)
            lines += await taking_in(options, uri, gateway, sender)
            lines += await showing(options, gateway, sender, megaplan)
            lines += await routing(options, gateway, sender, megaplan)
            lines += await going_on(options, gateway, sender)
    return lines


async def taking_in(
    options: argparse.Namespace, uri: str, gateway: RunningGateway, sender: Sender
) -> list[Line]:
    """Measure notifications: bare inserts, as fast as possible, and at the rate of the aim."""
    path, lines = gateway.path("/uis"), []
    count = options.notifications
    bare = await asyncio.to_thread(bare_inserts, uri, "bare", count)
    lines.append(Line(f"bare inserts, {CONNECTIONS} with one commit", f"{bare:,.0f}/s"))
    warm = [post(path, body) for body in itertools.islice(stream(None), 1000)]
    await sender.as_fast_as_answered(warm, CONNECTIONS)
    for title, employee in (("nobody to be shown to", None), ("each call with pop-ups", 1)):
        requests = [post(path, body) for body in itertools.islice(stream(employee), count)]
        before, commits = gateway.cpu_seconds(), gateway.commits()
        told = await sender.as_fast_as_answered(requests, CONNECTIONS)
        used = (gateway.cpu_seconds() - before) / told.wall_seconds
        is_aim = employee is None
        number, rows, seconds = (now - then for now, then in zip(gateway.commits(), commits, strict=True))
        lines.append(
            Line(
                f"accepted and durable, {CONNECTIONS} connections, {title}",
                f"{told.per_second:,.0f}/s, {told.per_second / bare:.2f} × bare, {_latency(told)}, "
                f"{used:.2f} cores in the gateway, "
                f"{rows / number:.0f} rows and {1000 * seconds / number:.0f} ms a commit",
                "2,000/s, p99 < 50 ms" if is_aim else "",
                told.per_second >= 2000 and told.percentile_ms(0.99) < 50 and not told.failed
                if is_aim
                else None,
            )
        )
        await asyncio.sleep(3)
    bodies = stream(None)
    told = await sender.at_rate(lambda place: post(path, next(bodies)), 2000, 10)
    lines.append(
        Line(
            "accepted and durable at 2,000/s for 10 s, whatever is answered when",
            f"{told.per_second:,.0f}/s, {_latency(told)}",
            "p99 < 50 ms",
            told.percentile_ms(0.99) < 50 and not told.failed,
        )
    )
    return lines


async def showing(
    options: argparse.Namespace, gateway: RunningGateway, sender: Sender, megaplan: NotingMegaplan
) -> list[Line]:
    """Measure from the sending of an event to the arrival of its request at Megaplan."""
    told, sent = Latencies(), {}
    states = {"call_proceeding": "calling", "talk_started": "talking", "call_session_finished": "finished"}
    await asyncio.sleep(5)
    for place in range(options.changes):
        if place % 3 == 0:
            call = next(_calls)
        mnemonic, state = list(states.items())[place % 3]
        request = post(gateway.path("/uis"), notification(mnemonic, call, 501 + call % EMPLOYEES))
        sent[str(700_000_000 + call), state] = time.perf_counter()
        await sender.as_fast_as_answered([request], 1)
        await asyncio.sleep(options.change_seconds)
    await asyncio.sleep(1)
    told.seconds = [megaplan.arrived[key] - at for key, at in sent.items() if key in megaplan.arrived]
    told.failed = len(sent) - len(told.seconds)
    p95 = told.percentile_ms(0.95)
    shown = f"p50 {told.percentile_ms(0.5):.0f} ms, p95 {p95:.0f} ms, {told.failed} of {len(sent)} missing"
    what = f"event in → callInfo out, a change every {options.change_seconds:g} s"
    return [Line(what, shown, "p95 < 50 ms", p95 < 50 and not told.failed)]


async def routing(
    options: argparse.Namespace, gateway: RunningGateway, sender: Sender, megaplan: NotingMegaplan
) -> list[Line]:
    """Measure routes: of known numbers, and of unknown ones while Megaplan hangs."""

    def ask(number: int) -> bytes:
        return get(gateway.path("/route") + "?" + urlencode({"numa": str(number), "cdr_id": number}))

    known = [ask(79_000_000_001 + place * 97 % options.contacts) for place in range(options.routes)]
    told = await sender.as_fast_as_answered(known, 4)
    p99 = told.percentile_ms(0.99)
    lines = [
        Line(
            f"route from the index, {options.contacts:,} contacts, 4 connections",
            f"{told.per_second:,.0f}/s, {_latency(told)}",
            "p99 < 30 ms",
            p99 < 30 and not told.failed,
        )
    ]
    megaplan.hangs = True
    told = await sender.as_fast_as_answered([ask(78_000_000_000 + place) for place in range(20)], 10)
    megaplan.let_go()
    longest = max(told.seconds, default=float("nan"))
    lines.append(
        Line(
            "route of an unknown number, Megaplan hangs",
            f"longest {longest:.2f} s, {told.failed} failed",
            "in 2 s",
            longest < 2 and not told.failed,
        )
    )
    return lines


async def going_on(options: argparse.Namespace, gateway: RunningGateway, sender: Sender) -> list[Line]:
    """Measure memory under steady load."""
    seconds, bodies = options.minutes * 60, stream(1)
    path = gateway.path("/uis")
    sizes = []
    for _ in range(5):
        await sender.at_rate(lambda place: post(path, next(bodies)), options.steady_rate, seconds / 5)
        sizes.append(gateway.rss_mb())
    grown = sizes[-1] - sizes[0]
    return [
        Line(
            f"memory, {options.minutes:g} min at {options.steady_rate}/s with pop-ups",
            " → ".join(f"{size:.0f}" for size in sizes) + " MB",
            "flat (± 10 MB)",
            abs(grown) <= 10,
        )
    ]


def _latency(told: Latencies) -> str:
    failed = f", {told.failed} refused" if told.failed else ""
    return f"p50 {told.percentile_ms(0.5):.1f} ms, p99 {told.percentile_ms(0.99):.1f} ms{failed}"


def markdown(lines: list[Line], options: argparse.Namespace) -> str:
    """Return the table for the documentation."""
    rows = [
        f"| {line.what} | {line.shown} | {line.aim} | "
        f"{'' if line.is_reached is None else 'reached' if line.is_reached else '**missed**'} |"
        for line in lines
    ]
    head = f"{date.today()}, {os.cpu_count()} cores shared by gateway, Postgres (fsync on) and the senders."
    return "\n".join([head, "", "| what | shown | aim | |", "| --- | --- | --- | --- |", *rows])


def main() -> None:
    """Read the command line, measure, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--notifications", type=int, default=20_000)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--routes", type=int, default=2_000)
    parser.add_argument("--changes", type=int, default=45)
    parser.add_argument("--change-seconds", type=float, default=1.0)
    parser.add_argument("--minutes", type=float, default=1.0, help="of steady load; the aim speaks of 30")
    parser.add_argument("--steady-rate", type=int, default=200)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    text = markdown(uvloop.run(measure(options)), options)
    print(text)
    if options.write_docs:
        page = DOCS_PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        tail = rest.partition(END)[2]
        DOCS_PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
