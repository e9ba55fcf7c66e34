"""Reconcile deals with this project and with nothing but the floors, and print what each of them costs.

One command, one Postgres, one page server: `python -m benchmarks.reconcile --deals 100000`. All deals are loaded
once; each contender gets a copy of that database and has four nights: the first one, one with nothing changed, one
with 1 % stale and 0.1 % missing, and one that compares whole contents.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

from benchmarks import reconcile_report
from benchmarks.contender import (
    FLOOR_FETCH,
    FLOOR_IDS,
    FLOOR_IDS_JOIN,
    NIGHTS,
    PROJECT,
    RECONCILIATION,
    Contender,
    Job,
    Stage,
)
from benchmarks.deals_load import DOCS_PAGE, check_against_truth
from benchmarks.measure import ContenderFailedError, PageServer, measure, running_page_server
from benchmarks.postgres import Postgres, running_postgres
from benchmarks.project_reconcile import PHASES_SQL, VERDICT_SQL
from benchmarks.reconcile_report import Night
from benchmarks.report import write_between_markers
from benchmarks.samples import keep

STALE_SHARE = 0.01
MISSING_EVERY = 1000

_LOADED = "loaded"
_LOSE_SOME_DEALS = f"""
WITH lost AS (
  DELETE FROM megaplan_raw.deals WHERE id % {MISSING_EVERY} = 7 RETURNING account, id
), their_positions AS (
  DELETE FROM megaplan_raw.deal_positions USING lost
  WHERE deal_positions.account = lost.account AND deal_positions.deal_id = lost.id
), their_versions AS (
  DELETE FROM megaplan_raw.past_deal_versions USING lost
  WHERE past_deal_versions.account = lost.account AND past_deal_versions.deal_id = lost.id
)
SELECT count(*) FROM lost
"""


def main() -> None:
    """Read the command line, measure, print the tables."""
    options = _options()
    nights: list[Night] = []
    with running_postgres() as postgres:
        for deals in options.deals:
            with running_page_server(deals) as server:
                _load(server, postgres)
                for _ in range(options.repeat):
                    nights += _nights(server, postgres)
                postgres.drop(_LOADED)
        version = postgres.version()
    if options.samples:
        keep(options.samples, [{**night.cost.as_sample(), "phases": night.phases} for night in nights])
    text = reconcile_report.markdown(nights, options.repeat, version, date.today())
    print(text)
    if options.write_docs:
        write_between_markers(DOCS_PAGE, text, reconcile_report.BEGIN, reconcile_report.END)


def _load(server: PageServer, postgres: Postgres) -> None:
    uri = postgres.fresh_database(_LOADED)
    with tempfile.TemporaryDirectory() as work_dir:
        job = Job("first", server.base_url, uri, work_dir, postgres.pid)
        measure(PROJECT, job, server.deals, sys.executable, postgres)
    check_against_truth(PROJECT, "first", server, postgres, _LOADED)
    postgres.settle(_LOADED)


def _nights(server: PageServer, postgres: Postgres) -> Iterator[Night]:
    """Let all contenders have the same night before the next one begins: their ratios are of one time."""
    server.control("reset")
    contenders = (FLOOR_IDS, FLOOR_IDS_JOIN, RECONCILIATION)
    for contender in contenders:
        postgres.clone_database(_LOADED, contender.name)
    for stage in NIGHTS:
        lost = 0
        if stage == "changed":
            server.control("touch?" + quote(f'{{"share":{STALE_SHARE}}}'))
            row = postgres.row(RECONCILIATION.name, _LOSE_SOME_DEALS)
            lost = int(str(row[0])) if row else 0
        server.control("prepare_times")
        for contender in (*contenders, *([FLOOR_FETCH] if stage == "full" else [])):
            night = _night(contender, stage, server, postgres)
            if contender == RECONCILIATION:
                _check_verdict(stage, lost, server, postgres)
            print(
                f"{contender.title}, {server.deals} deals, {stage}: {night.cost.wall_seconds:.2f} s, "
                f"CPU {night.cost.cpu_seconds:.2f} + {night.cost.postgres_cpu_seconds:.2f} s, "
                f"{night.cost.peak_mb:.0f} MB, phases {night.phases}",
                file=sys.stderr,
            )
            yield night
    for contender in contenders:
        postgres.drop(contender.name)


def _night(contender: Contender, stage: Stage, server: PageServer, postgres: Postgres) -> Night:
    database = contender.name if contender != FLOOR_FETCH else FLOOR_IDS.name
    with tempfile.TemporaryDirectory() as work_dir:
        job = Job(stage, server.base_url, postgres.uri(database), work_dir, postgres.pid)
        cost = measure(contender, job, server.deals, sys.executable, postgres)
    if contender != RECONCILIATION:
        return Night(cost, ())
    phases = postgres.row(database, PHASES_SQL.format(stage=stage))
    return Night(cost, tuple(round(float(str(seconds)), 3) for seconds in phases or ()))


def _check_verdict(stage: Stage, lost: int, server: PageServer, postgres: Postgres) -> None:
    """Let it not be fast by overlooking something."""
    row = postgres.row(RECONCILIATION.name, VERDICT_SQL.format(stage=stage))
    verdict, *counts = row or ("none",)
    missing, stale, extra, unresolved = [int(str(count)) for count in counts] or [0, 0, 0, 0]
    touched = round(server.deals * STALE_SHARE) if stage == "changed" else 0
    # a deal that was lost here and changed in Megaplan is missing, not stale
    all_found = missing == lost and touched - lost <= stale <= touched
    if verdict != "proven" or not all_found or extra or unresolved:
        raise ContenderFailedError(f"night {stage}: certified {row}; {lost} are missing, {touched} changed")
    check_against_truth(RECONCILIATION, stage, server, postgres, RECONCILIATION.name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure reconciling deals beside its floors.")
    parser.add_argument(
        "--deals",
        type=int,
        nargs="+",
        default=[10_000, 100_000],
        help="deals of the account, one size or several to compare (%(default)s)",
    )
    parser.add_argument("--repeat", type=int, default=1, help="runs of everything; medians are reported")
    parser.add_argument("--samples", type=Path, help="file for the raw samples, as JSON")
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help=f"put the tables into {Path(*DOCS_PAGE.parts[-2:])}",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
