"""What a transaction that somebody has left open costs whoever derives calls from the inbox.

``python -m benchmarks.open_transaction``. Its snapshot keeps dead rows from being removed, and whoever looks for
waiting events reads past them. Each round stores the events of some new calls and derives them; the first rounds
have no open transaction. CPU seconds are those of the session that derives: autovacuum does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.postgres import running_postgres
from benchmarks.processor_time import tree_cpu_seconds
from megaplan_sync.inbox.event_store import (
    MOSCOW,
    UIS_NOTIFICATION,
    EventRow,
    Message,
    event_row,
    store_events,
)
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.telephony.calls.call_table import drain

ACCOUNT = "mp1"
BEFORE = 4
"""Rounds before the transaction begins."""
STEPS = (("in_call_session", 0), ("call_proceeding", 1), ("call_disconnected", 9), ("lost_call_session", 9))


def events(number: int) -> list[EventRow]:
    """Return the notifications of a missed call."""
    began = datetime.now(UTC) - timedelta(minutes=10)
    bodies = [
        {
            "notification_mnemonic": mnemonic,
            "notification_timestamp": int((began + timedelta(seconds=after)).timestamp()),
            "call_session_id": number,
            "direction": "in",
            "contact_phone_number": f"79{number:09d}",
            **({"leg_id": number, "employee_id": 501} if mnemonic.startswith("call_") else {}),
        }
        for mnemonic, after in STEPS
    ]
    return [
        event_row(UIS_NOTIFICATION, Message(json.dumps(body).encode(), "application/json"), MOSCOW)
        for body in bodies
    ]


def measure(calls: int, rounds: int) -> list[dict[str, Any]]:
    """Return the raw samples.

    :param calls: of a round
    :param rounds: while the transaction is open
    """
    samples: list[dict[str, Any]] = []
    with running_postgres() as server:
        uri = server.uri("postgres")
        with DurableSession.open(uri) as connection, psycopg.connect(uri) as forgotten:
            prepare_raw_schema(connection)
            prepare_telephony_schema(connection)
            for nth in range(BEFORE + rounds):
                if nth == BEFORE:
                    forgotten.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    forgotten.execute("SELECT count(*) FROM telephony.events")
                rows = [row for number in range(calls) for row in events(nth * calls + number + 1)]
                for start in range(0, len(rows), 400):
                    store_events(connection, ACCOUNT, UIS_NOTIFICATION, rows[start : start + 400])
                cpu, began = tree_cpu_seconds(connection.info.backend_pid), time.monotonic()
                derived = sum(len(batch) for batch in drain(connection, ACCOUNT))
                if derived != calls:
                    raise RuntimeError(f"{derived} derived instead of {calls} calls")
                samples.append(
                    {
                        "dead_rows": max(nth - BEFORE, 0) * calls * len(STEPS),
                        "cpu": tree_cpu_seconds(connection.info.backend_pid) - cpu,
                        "wall": time.monotonic() - began,
                        "load": os.getloadavg()[0],
                    }
                )
                print(json.dumps(samples[-1]), file=sys.stderr, flush=True)
    return samples


def table(samples: list[dict[str, Any]]) -> str:
    """Return medians as a table."""
    before, last = samples[:BEFORE], samples[-BEFORE:]
    lines = ["| rounds | dead events | CPU s of Postgres | s |", "|---|---:|---:|---:|"]
    for name, several in (("without it", before), ("the last ones with it", last)):
        cpu, wall = (statistics.median(each[key] for each in several) for key in ("cpu", "wall"))
        lines.append(f"| {name} | {several[-1]['dead_rows']} | {cpu:.2f} | {wall:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500, help="of a round")
    parser.add_argument("--rounds", type=int, default=16, help="while the transaction is open")
    parser.add_argument("--samples", type=Path, help="file for the raw samples, as JSON lines")
    arguments = parser.parse_args()
    samples = measure(arguments.calls, arguments.rounds)
    if arguments.samples:
        arguments.samples.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    print(table(samples))


if __name__ == "__main__":
    main()
