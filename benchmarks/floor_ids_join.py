"""Floor B of a reconciliation: floor A, its rows by COPY into a temporary table, and one join with the deals.

The least that finds what is missing, stale or extra: nothing is remembered from page to page, nothing is repaired,
and rows are not compared with their own payload.
"""

from __future__ import annotations

import psycopg

from benchmarks.contender import Job
from benchmarks.floor_ids import ids_and_times

_DIFFERENCES = """
SELECT count(*) FILTER (WHERE deals.id IS NULL), count(*) FILTER (WHERE swept.id IS NULL), count(*)
FROM swept FULL JOIN megaplan_raw.deals ON deals.id = swept.id
WHERE deals.id IS NULL OR swept.id IS NULL OR deals.updated_at IS DISTINCT FROM swept.updated_at
"""


def load(job: Job) -> None:
    with psycopg.connect(job.postgres) as connection:
        connection.execute("CREATE TEMPORARY TABLE swept (id bigint, updated_at timestamptz)")
        with connection.cursor().copy("COPY swept FROM STDIN") as copy:
            for page in ids_and_times(job.base_url):
                copy.write("".join(f"{deal['id']}\t{deal['timeUpdated']['value']}\n" for deal in page))
        connection.execute(_DIFFERENCES).fetchone()
