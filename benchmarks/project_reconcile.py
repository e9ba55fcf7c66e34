"""Our contender: what a task of `megaplan_reconciliation` does for the deals of one account, without Airflow."""

from __future__ import annotations

from benchmarks.contender import Job
from benchmarks.project_load import TRUTH_SQL
from benchmarks.project_session import make_connection, project_session

__all__ = ["PHASES_SQL", "TRUTH_SQL", "VERDICT_SQL"]

PHASES_SQL = """
SELECT
  extract(epoch FROM run.audited_at - run.began_at),
  extract(epoch FROM sweep.finished_at - sweep.began_at),
  extract(epoch FROM run.compared_at - sweep.finished_at),
  extract(epoch FROM run.finished_at - run.compared_at)
FROM megaplan_sync.reconciliations AS run
JOIN megaplan_sync.sweeps AS sweep USING (run_id, account, entity)
WHERE run.entity = 'deals' AND run.run_id = '{stage}'
"""
"""Seconds of audit, sweep, comparison and repair: the project notes itself when it has come how far."""

VERDICT_SQL = """
SELECT verdict, missing, stale, extra, unresolved FROM megaplan_raw.certificates
WHERE entity = 'deals' AND run_id = '{stage}'
"""


def prepare(job: Job) -> None:
    import megaplan_sync.reconciliation.account_reconciliation  # noqa: F401 - importing is not measured

    make_connection(job)


def load(job: Job) -> None:
    from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation

    depth = "full" if job.stage == "full" else "ids"
    with project_session(job) as (hook, database):
        AccountReconciliation(hook, database, run_id=job.stage, depth=depth).run(["deals"])
