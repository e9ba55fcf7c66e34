"""Our contender: what the task `load_raw_tables` of the DAG does for one account, without Airflow around it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from benchmarks.contender import Job

if TYPE_CHECKING:
    from megaplan_hook.hook import MegaplanHook

TRUTH_SQL = """
SELECT (SELECT count(*) FROM megaplan_raw.deals), (SELECT count(*) FROM megaplan_raw.deal_positions),
       (SELECT round(sum(price), 2) FROM megaplan_raw.deals),
       (SELECT count(*) FROM megaplan_raw.deals WHERE name LIKE '%(изменена %')
"""

_BUDGET = {"requests_per_second": 1000, "requests_per_hour": 1_000_000}


def prepare(job: Job) -> None:
    import psycopg

    import megaplan_hook.hook
    import megaplan_sync.account_sync
    from megaplan_sync.raw_schema import prepare_raw_schema

    connection = {
        "conn_type": "megaplan",
        "host": job.base_url,
        "login": "benchmark@example.org",
        "password": "benchmark",
        "extra": _BUDGET,
    }
    os.environ["AIRFLOW_CONN_MEGAPLAN_DEFAULT"] = json.dumps(connection)
    with psycopg.connect(job.postgres, autocommit=True) as database:
        prepare_raw_schema(database)
    hook = megaplan_hook.hook.MegaplanHook()
    assert hook.account  # Airflow's look-up of connections imports much when it is first used
    assert megaplan_sync.account_sync.AccountSync


def load(job: Job) -> None:
    import psycopg

    from megaplan_hook.hook import MegaplanHook
    from megaplan_sync.account_sync import AccountSync
    from megaplan_sync.postgres import prepare_session
    from megaplan_sync.postgres_budget import PostgresBudget

    hook: MegaplanHook = MegaplanHook()
    with (
        psycopg.connect(job.postgres, autocommit=True) as database,
        psycopg.connect(job.postgres, autocommit=True) as budget,
    ):
        prepare_session(database)
        prepare_session(budget)
        hook.budget = PostgresBudget(budget, hook.account, **_BUDGET)
        AccountSync(hook, database, run_id=job.stage).run(["custom_fields", "deals"], full_refresh=False)
