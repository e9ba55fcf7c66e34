"""What a run costs that finds nothing new, with 10, 100 and 1000 accounts.

Accounts are addresses of this machine (127.0.x.y) that lead to one emulated Megaplan, and rows that are copied from
one loaded account. The tasks are processes that execute the operator of ``megaplan_deals_sync`` for their batch, as
many as the DAG would map. Measured are wall time, and CPU seconds of the tasks, Postgres and the emulator apart.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.postgres import running_postgres
from benchmarks.processor_time import tree_cpu_seconds
from benchmarks.samples import keep
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port

DEALS = 50
SETTINGS = {"requests_per_second": 1000, "requests_per_hour": 1_000_000}


def address(number: int) -> str:
    """Return the address of an account."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


def environment(accounts: int, megaplan: EmulatedMegaplan, postgres: dict[str, Any]) -> dict[str, str]:
    """Return the variables that describe the connections."""
    described = megaplan.connection(**SETTINGS)
    variables = {
        f"AIRFLOW_CONN_ACCOUNT_{number}": json.dumps({**described, "host": f"http://{address(number)}"})
        for number in range(accounts)
    }
    return {**variables, "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres)}


def copy_account(uri: str, loaded: str, accounts: list[str]) -> None:
    """Give each account the rows of a loaded one."""
    with psycopg.connect(uri) as connection:
        tables = connection.execute(
            """SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('megaplan_raw', 'megaplan_sync')
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND a.attgenerated = '' AND a.attidentity <> 'a'
            WHERE c.relkind = 'r'
              AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'account')
              AND c.relname NOT IN ('leases')
            GROUP BY 1, 2"""
        ).fetchall()
        for schema, table, columns in tables:
            names = [sql.Identifier(name) for name in columns]
            values = [sql.SQL("given") if name == "account" else sql.Identifier(name) for name in columns]
            connection.execute(
                sql.SQL(
                    "INSERT INTO {table} ({names}) SELECT {values} FROM {table}, unnest(%s::text[]) AS given "
                    "WHERE account = %s ON CONFLICT DO NOTHING"
                ).format(
                    table=sql.Identifier(schema, table),
                    names=sql.SQL(", ").join(names),
                    values=sql.SQL(", ").join(values),
                ),
                (accounts, loaded),
            )
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("UPDATE megaplan_sync.walks SET watermark_seen_at = now() - interval '1 hour'")
        connection.execute("VACUUM ANALYZE")


def work(batch: list[str], run_id: str) -> None:
    """Execute the operator, and print what it cost."""
    logging.disable(logging.INFO)
    from megaplan_hook.hook import MegaplanHook
    from megaplan_sync.raw.operators import MegaplanToPostgresOperator

    assert MegaplanHook(
        batch[0]
    ).account  # Airflow's look-up of connections imports much when it is first used
    operator = MegaplanToPostgresOperator(task_id="load_raw_tables", accounts=batch)
    context: Any = {"run_id": run_id, "outlet_events": defaultdict(list)}
    cpu, began = time.process_time(), time.monotonic()
    outcomes = operator.execute(context)
    print(
        json.dumps(
            {
                "seconds": time.monotonic() - began,
                "cpu": time.process_time() - cpu,
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "read": len(outcomes),
                "changed": sum(outcome["inserted"] + outcome["updated"] for outcome in outcomes),
            }
        )
    )


def cycle(accounts: int, variables: dict[str, str], pids: dict[str, int]) -> dict[str, float]:
    """Run the tasks of one run over all accounts at the same time."""
    from megaplan_sync.kernel.accounts import in_batches

    before = {name: tree_cpu_seconds(pid) for name, pid in pids.items()}
    batches = in_batches([f"account_{number}" for number in range(accounts)])
    command = [sys.executable, "-m", "benchmarks.many_accounts", "--work"]
    tasks = [
        subprocess.Popen(
            [*command, json.dumps(batch)], stdout=subprocess.PIPE, env={**os.environ, **variables}, text=True
        )
        for batch in batches
    ]
    done = [json.loads(task.communicate()[0].splitlines()[-1]) for task in tasks]
    assert sum(task["changed"] for task in done) == 0, "nothing has changed"
    return {
        "accounts": accounts,
        "tasks": len(batches),
        "wall": max(task["seconds"] for task in done),
        "cpu_tasks": sum(task["cpu"] for task in done),
        **{f"cpu_{name}": tree_cpu_seconds(pid) - before[name] for name, pid in pids.items()},
        "megabytes": max(task["megabytes"] for task in done),
        "load": os.getloadavg()[0],
    }


def measure(sizes: list[int], repeat: int) -> list[dict[str, float]]:
    """Return the raw samples."""
    from megaplan_sync.kernel.account_session import account_session
    from megaplan_sync.kernel.session import Session
    from megaplan_sync.raw.account_sync import AccountSync
    from megaplan_sync.raw.schema import prepare_raw_schema

    samples = []
    unlimited = ["--knob", "rps=0", "--knob", "rph=0", "--host", "0.0.0.0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres("-c max_connections=300") as server,  # a task opens up to 33 sessions
        emulated_megaplan(free_port(0), DEALS, Path(folder) / "megaplan.log", unlimited) as megaplan,
    ):
        database = {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": server.port,
            "schema": "postgres",
            "login": "postgres",
            "password": "postgres",
        }
        variables = environment(max(sizes), megaplan, database)
        os.environ.update(variables)
        uri = server.uri("postgres")
        with Session.open(uri) as connection:
            prepare_raw_schema(connection)
        with account_session("account_0") as session:
            assert session is not None
            AccountSync(*session, run_id="load").run((), full_refresh=False)
        labels = [f"{address(number)}:{megaplan.port}" for number in range(max(sizes))]
        copy_account(uri, labels[0], labels[1:])
        pids = {"postgres": server.pid, "emulator": megaplan.program.pid}
        for size in sizes:
            for _ in range(repeat):
                samples.append(cycle(size, variables, pids))
                print(json.dumps(samples[-1]), file=sys.stderr, flush=True)
    return samples


def table(samples: list[dict[str, float]]) -> str:
    """Return the medians as a table."""
    lines = [
        "| accounts | tasks | wall, s | CPU: tasks, s | Postgres, s | emulator, s | memory of a task, MB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in sorted({sample["accounts"] for sample in samples}):
        of_size = [sample for sample in samples if sample["accounts"] == size]

        def median(name: str, of_size: list[dict[str, float]] = of_size) -> float:
            return statistics.median(sample[name] for sample in of_size)

        lines.append(
            f"| {size} | {median('tasks'):.0f} | {median('wall'):.1f} | {median('cpu_tasks'):.2f} | "
            f"{median('cpu_postgres'):.2f} | {median('cpu_emulator'):.2f} | {median('megabytes'):.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--samples", type=Path, help="file for the raw samples, as JSON")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(json.loads(arguments.work), f"idle {time.time()}")
        return
    samples = measure(arguments.accounts, arguments.repeat)
    if arguments.samples:
        keep(arguments.samples, samples)
    print(table(samples))


if __name__ == "__main__":
    main()
