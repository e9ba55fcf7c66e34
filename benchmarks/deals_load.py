"""Load deals with this project, with dlt and with nothing but the floors, and print what each of them costs.

One command, one Postgres, one page server: `python -m benchmarks.deals_load --deals 100000`. Each contender
loads all deals, runs again with nothing changed, and once more after 1 % of them have changed.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote

from benchmarks import report
from benchmarks.contender import CONTENDERS, FOLDER, STAGES, Contender, Job, Stage
from benchmarks.dlt_environment import dlt_python
from benchmarks.measure import ContenderFailedError, Measurement, PageServer, measure, running_page_server
from benchmarks.postgres import Postgres, running_postgres
from benchmarks.samples import keep

CHANGED_SHARE = 0.01
DOCS_PAGE = FOLDER.parent / "docs" / "benchmarks.md"

_DATABASE = "benchmark"


def main() -> None:
    """Read the command line, measure, print the tables."""
    options = _options()
    contenders = [one for one in CONTENDERS if one.exists and one.name in options.only]
    pythons = {one.name: _python(one) for one in contenders}
    with running_postgres() as postgres:
        measurements: list[Measurement] = []
        with running_page_server(options.deals) as server:
            payload_bytes = _payload_bytes(server)
            for _ in range(options.repeat):
                for contender in contenders:
                    measurements += _stages(contender, pythons[contender.name], STAGES, server, postgres)
        small: list[Measurement] = []
        if options.memory_deals and options.memory_deals < options.deals:
            with running_page_server(options.memory_deals) as server:
                for contender in contenders:
                    small += _stages(contender, pythons[contender.name], ("first",), server, postgres)
        result = report.Result(
            options.deals, payload_bytes, options.repeat, postgres.version(), measurements, small
        )
    if options.samples:
        keep(options.samples, [one.as_sample() for one in (*measurements, *small)])
    text = report.markdown(result, date.today())
    print(text)
    if options.write_docs:
        report.write_between_markers(DOCS_PAGE, text)


def _stages(
    contender: Contender, python: str, stages: Sequence[Stage], server: PageServer, postgres: Postgres
) -> Iterator[Measurement]:
    server.control("reset")
    uri = postgres.fresh_database(_DATABASE)
    with tempfile.TemporaryDirectory() as work_dir:
        for stage in stages:
            if stage == "changed":
                server.control("touch?" + quote(f'{{"share":{CHANGED_SHARE}}}'))
            job = Job(stage, server.base_url, uri, work_dir, postgres.pid)
            measurement = measure(contender, job, server.deals, python, postgres)
            check_against_truth(contender, stage, server, postgres, _DATABASE)
            print(
                f"{contender.title}, {server.deals} deals, {stage}: {measurement.wall_seconds:.2f} s,"
                f" CPU {measurement.cpu_seconds:.2f} s, {measurement.peak_mb:.0f} MB",
                file=sys.stderr,
            )
            yield measurement
    postgres.drop(_DATABASE)


def check_against_truth(
    contender: Contender, stage: Stage, server: PageServer, postgres: Postgres, database: str
) -> None:
    """Compare what a contender has in its database with what the page server serves.

    :raises ContenderFailedError: they differ
    """
    query: str | None = getattr(importlib.import_module(contender.module), "TRUTH_SQL", None)
    if query is None:
        return
    loaded = postgres.row(database, query)
    truth = server.control("truth", "GET")
    if loaded is None or truth is None or not _same(loaded, list(truth.values())):
        raise ContenderFailedError(f"{contender.title}, stage {stage}: loaded {loaded}, served {truth}")


def _same(loaded: Sequence[object], truth: Sequence[float]) -> bool:
    return all(
        abs(float(str(one)) - other) < 0.05 for one, other in zip(loaded, truth, strict=True)
    )  # a double's sum may be off in its last digits


def _payload_bytes(server: PageServer) -> float:
    """Return the average size of a deal on the wire."""
    served = server.control("size", "GET") or {}
    return float(served["bytes"]) / server.deals


def _python(contender: Contender) -> str:
    return dlt_python() if contender.in_dlt_environment else sys.executable


def _options() -> argparse.Namespace:
    names = [one.name for one in CONTENDERS]
    parser = argparse.ArgumentParser(description="Measure loading deals beside its floors and beside dlt.")
    parser.add_argument("--deals", type=int, default=100_000, help="deals of the account (%(default)s)")
    parser.add_argument(
        "--memory-deals",
        type=int,
        default=10_000,
        help="deals of the small account whose peak memory is compared; 0 skips it (%(default)s)",
    )
    parser.add_argument("--repeat", type=int, default=1, help="runs of everything; medians are reported")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="some of the contenders")
    parser.add_argument("--samples", type=Path, help="file for the raw samples, as JSON")
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help=f"put the tables into {Path(*DOCS_PAGE.parts[-2:])}",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
