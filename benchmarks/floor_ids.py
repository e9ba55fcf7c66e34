"""Floor A of a reconciliation: read ids and change times of all deals and parse them. No database."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.contender import Job
from benchmarks.deal_pages import Json, pages


def load(job: Job) -> None:
    for _ in ids_and_times(job.base_url):
        pass


def ids_and_times(base_url: str) -> Iterator[list[Json]]:
    """Yield pages of deals with nothing but what proves that a copy is complete."""
    return pages(base_url, "timeCreated", False, fields=["timeCreated", "timeUpdated"])
