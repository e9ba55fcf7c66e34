"""Our contender: what the task `load_raw_tables` of the DAG does for one account, without Airflow around it."""

from __future__ import annotations

from benchmarks.contender import Job
from benchmarks.project_session import make_connection, project_session

TRUTH_SQL = """
SELECT (SELECT count(*) FROM megaplan_raw.deals), (SELECT count(*) FROM megaplan_raw.deal_positions),
       (SELECT round(sum(price), 2) FROM megaplan_raw.deals),
       (SELECT count(*) FROM megaplan_raw.deals WHERE name LIKE '%(изменена %')
"""


def prepare(job: Job) -> None:
    import psycopg

    import megaplan_sync.raw.account_sync  # noqa: F401 - importing is not measured
    from megaplan_sync.raw.schema import prepare_raw_schema

    make_connection(job)
    with psycopg.connect(job.postgres, autocommit=True) as database:
        prepare_raw_schema(database)


def load(job: Job) -> None:
    from megaplan_sync.raw.account_sync import AccountSync

    with project_session(job) as (hook, database):
        AccountSync(hook, database, run_id=job.stage).run(["custom_fields", "deals"], full_refresh=False)
