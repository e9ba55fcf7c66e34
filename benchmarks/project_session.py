"""The project's connection to the page server and its two sessions, as the tasks of its DAGs have them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.contender import Job

if TYPE_CHECKING:
    from megaplan_hook.hook import MegaplanHook
    from megaplan_sync.kernel.session import Session

_PER_SECOND = 1000
_PER_HOUR = 1_000_000


def make_connection(job: Job) -> None:
    """Tell Airflow of the page server, and have everything imported that is needed to speak with it."""
    import megaplan_hook.hook

    connection = {
        "conn_type": "megaplan",
        "host": job.base_url,
        "login": "benchmark@example.org",
        "password": "benchmark",
        "extra": {
            "requests_per_second": _PER_SECOND,
            "requests_per_hour": _PER_HOUR,
            "night_requests": _PER_HOUR,
        },
    }
    os.environ["AIRFLOW_CONN_MEGAPLAN_DEFAULT"] = json.dumps(connection)
    hook = megaplan_hook.hook.MegaplanHook()
    assert hook.account  # Airflow's look-up of connections imports much when it is first used


@contextmanager
def project_session(job: Job) -> Iterator[tuple[MegaplanHook, Session]]:
    """Open a hook whose requests are counted in Postgres, and a session for the rows."""
    from megaplan_hook.hook import MegaplanHook
    from megaplan_sync.kernel.request_budget import PostgresRequestBudget
    from megaplan_sync.kernel.session import Session

    hook: MegaplanHook = MegaplanHook()
    with Session.open(job.postgres) as database, Session.open(job.postgres) as budget:
        hook.budget = PostgresRequestBudget(
            budget, hook.account, requests_per_second=_PER_SECOND, requests_per_hour=_PER_HOUR
        )
        yield hook, database
