"""The first floor: fetch the pages and parse them. One thread that reads over HTTP cannot be faster."""

from __future__ import annotations

from benchmarks.contender import Job
from benchmarks.deal_pages import new_deals


def load(job: Job) -> None:
    for _ in new_deals(job.base_url, job.work_dir):
        pass
