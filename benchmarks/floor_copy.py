"""The second floor: the same payloads, already fetched and serialised, by COPY as jsonb into a logged table.

The table has no key and no index, and a transaction takes 1000 rows although a page has 100. Both make the
floor lower than a loader with a primary key and a cursor can reach; a floor should err on that side.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
import psycopg

from benchmarks.contender import Job
from benchmarks.deal_pages import new_deals

ROWS_PER_TRANSACTION = 1000


def prepare(job: Job) -> None:
    """Fetch the payloads into a file of COPY lines and create the table."""
    with _lines_file(job).open("wb") as file:
        for page in new_deals(job.base_url, job.work_dir):
            for deal in page:
                payload = orjson.dumps(deal).replace(b"\\", b"\\\\")
                file.write(b"%s\t%s\n" % (deal["id"].encode(), payload))
    with psycopg.connect(job.postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS deals (id bigint NOT NULL, payload jsonb NOT NULL)")


def load(job: Job) -> None:
    with _lines_file(job).open("rb") as lines, psycopg.connect(job.postgres) as connection:
        for block in _blocks(lines):
            with connection.cursor().copy("COPY deals (id, payload) FROM STDIN") as copy:
                copy.write(block)
            connection.commit()


def _blocks(lines: Iterator[bytes]) -> Iterator[bytes]:
    while block := b"".join(islice(lines, ROWS_PER_TRANSACTION)):
        yield block


def _lines_file(job: Job) -> Path:
    return Path(job.work_dir) / f"{job.stage}.copy"
