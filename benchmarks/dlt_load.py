"""dlt as its documentation sets it up, over the same pages fetched in the same way.

* merge by primary key into Postgres; nested objects become columns, lists become child tables
* incremental on the update time with the row order declared, so that dlt stops asking for pages
  (https://dlthub.com/docs/general-usage/incremental/cursor)
* whole pages are yielded and orjson is installed (https://dlthub.com/docs/reference/performance)

Everything else is dlt's default. `dlt_tuned_load` goes further in dlt's favour.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.contender import Job
from benchmarks.deal_pages import Json, pages

if TYPE_CHECKING:
    from dlt import Pipeline
    from dlt.extract import DltResource

TRUTH_SQL = """
SELECT (SELECT count(*) FROM megaplan.deals), (SELECT count(*) FROM megaplan.deals__positions),
       (SELECT round(sum(price__value::numeric), 2) FROM megaplan.deals),
       (SELECT count(*) FROM megaplan.deals WHERE name LIKE '%(изменена %')
"""


def prepare(job: Job) -> None:
    """Import dlt, let it keep its state in the work folder, send no telemetry and log no warnings."""
    os.environ["DLT_DATA_DIR"] = job.work_dir
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt.destinations.impl.postgres.postgres  # noqa: F401


def load(job: Job) -> None:
    pipeline(job).run(deals(job.base_url))


def pipeline(job: Job) -> Pipeline:
    """Return the pipeline into the contender's database."""
    import dlt

    return dlt.pipeline(
        pipeline_name="megaplan",
        pipelines_dir=f"{job.work_dir}/pipelines",
        destination=dlt.destinations.postgres(job.postgres),
        dataset_name="megaplan",
    )


def deals(base_url: str) -> DltResource:
    """Return the deals: all of them the first time, later the latest changed until a known one comes."""
    import dlt

    @dlt.resource(name="deals", primary_key="id", write_disposition="merge")
    def deals(
        updated_at: Any = dlt.sources.incremental("timeUpdated.value", row_order="desc"),  # noqa: B008
    ) -> Iterator[list[Json]]:
        if updated_at.last_value is None:
            yield from pages(base_url, "timeCreated", False)
        else:
            yield from pages(base_url, "timeUpdated", True)

    return deals()
