"""dlt again, with what made it cheaper on this data; each point is documented by dlt.

* COPY of CSV files in place of INSERT (https://dlthub.com/docs/dlt-ecosystem/destinations/postgres)
* files of 5000 items (https://dlthub.com/docs/reference/performance), so that memory stays lower
* upsert in place of delete-insert (https://dlthub.com/docs/general-usage/merge-loading)
* embedded entities (contractor, manager, stage, pipeline, goods) are reduced to their ids by `add_map`, as
  this project reduces them too, which spares dlt the columns and child tables of the full forms

Tried and left out because it was not faster: parallel normalization (`NORMALIZE__WORKERS=2` on two cores), a
larger buffer, no compression.
"""

from __future__ import annotations

import os

from benchmarks import dlt_load
from benchmarks.contender import Job
from benchmarks.deal_pages import Json

TRUTH_SQL = dlt_load.TRUTH_SQL

_LINKED = ("contractor", "manager", "state", "program")


def prepare(job: Job) -> None:
    """Prepare dlt with files of 5000 items."""
    os.environ["DATA_WRITER__FILE_MAX_ITEMS"] = "5000"
    dlt_load.prepare(job)


def load(job: Job) -> None:
    resource = dlt_load.deals(job.base_url).add_map(_reduced)
    resource.apply_hints(write_disposition={"disposition": "merge", "strategy": "upsert"})
    dlt_load.pipeline(job).run(resource, loader_file_format="csv")


def _reduced(deal: Json) -> Json:
    for key in _LINKED:
        deal[key] = _bare(deal[key])
    for position in deal["positions"]:
        position["unit"] = _bare(position["unit"])
        position["offer"]["originalOffer"] = _bare(position["offer"]["originalOffer"])
    for key, value in deal.items():
        if "CustomField" in key and isinstance(value, list):
            deal[key] = [_bare(one) for one in value]
    return deal


def _bare(entity: Json) -> Json:
    return {"contentType": entity["contentType"], "id": entity["id"]}
