"""The cost of reconciling as a markdown page."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from benchmarks.contender import (
    FLOOR_FETCH,
    FLOOR_IDS,
    FLOOR_IDS_JOIN,
    NIGHTS,
    RECONCILIATION,
    Contender,
    Stage,
)
from benchmarks.measure import Measurement
from benchmarks.report import table

BEGIN = "<!-- reconcile: written by `python -m benchmarks.reconcile --write-docs` -->"
END = "<!-- reconcile: end -->"

_NIGHT_TITLES: Mapping[Stage, str] = {
    "first": "first night, nothing to repair",
    "unchanged": "later night, nothing to repair",
    "changed": "1 % stale, 0.1 % missing",
    "full": "whole contents, nothing to repair",
}
_COLUMNS = (
    "",
    "wall, s",
    "× floor A",
    "× floor B",
    "CPU, s",
    "CPU of Postgres, s",
    "both CPU, × floor B",
    "peak, MB",
    "requests",
    "rows written",
    "WAL, MB",
)
_PHASES = ("audit", "sweep", "comparison", "repair")
_LOGIN = "/auth/access_token"


@dataclass(frozen=True)
class Night:
    """One night of one contender.

    :param phases: seconds of audit, sweep, comparison and repair; empty for a floor
    """

    cost: Measurement
    phases: tuple[float, ...]


def markdown(nights: Sequence[Night], repeats: int, postgres_version: str, day: date) -> str:
    """Return the tables of a run."""
    sizes = sorted({night.cost.deals for night in nights})
    parts = [
        f"{day.isoformat()}: {'one run' if repeats == 1 else f'medians of {repeats} runs'}, "
        f"Python {platform.python_version()}, PostgreSQL {postgres_version}, "
        f"{os.cpu_count()} cores ({platform.system()} {platform.machine()}).",
    ]
    for deals in reversed(sizes):
        of_size = [night for night in nights if night.cost.deals == deals]
        parts += [_nights_table(of_size, deals), _phases_table(of_size, deals)]
    if len(sizes) > 1:
        parts.append(_memory_table(nights, sizes[0], sizes[-1]))
    return "\n\n".join([*parts, _NOTES])


def _nights_table(nights: Sequence[Night], deals: int) -> str:
    rows: list[Sequence[str]] = []
    for stage in NIGHTS:
        floor_a = _middle(nights, FLOOR_IDS, stage, _wall)
        floor_b = _middle(nights, FLOOR_IDS_JOIN, stage, _wall)
        floor_cpu = _middle(nights, FLOOR_IDS_JOIN, stage, _both_cpu)
        rows.append((f"**{_NIGHT_TITLES[stage]}**", *[""] * (len(_COLUMNS) - 1)))
        for contender in (FLOOR_IDS, FLOOR_IDS_JOIN, FLOOR_FETCH, RECONCILIATION):
            runs = _of(nights, contender, stage)
            if not runs:
                continue
            wall = _middle(nights, contender, stage, _wall)
            walls = [_wall(run) for run in runs]
            spread = "" if len(walls) == 1 else f" ({min(walls):.2f}–{max(walls):.2f})"
            rows.append(
                (
                    contender.title,
                    f"{wall:.2f}{spread}",
                    f"{wall / floor_a:.1f}",
                    f"{wall / floor_b:.1f}",
                    f"{_middle(nights, contender, stage, lambda run: run.cpu_seconds):.2f}",
                    f"{_middle(nights, contender, stage, lambda run: run.postgres_cpu_seconds):.2f}",
                    f"{_middle(nights, contender, stage, _both_cpu) / floor_cpu:.1f}",
                    f"{_middle(nights, contender, stage, _peak):.0f}",
                    _requests(runs[-1].requests),
                    f"{_middle(nights, contender, stage, lambda run: run.rows_written):.0f}",
                    f"{_middle(nights, contender, stage, lambda run: run.wal_mb):.1f}",
                )
            )
    return f"### Reconciling {deals} deals\n\n{table(_COLUMNS, rows)}"


def _phases_table(nights: Sequence[Night], deals: int) -> str:
    rows: list[Sequence[str]] = []
    for stage in NIGHTS:
        runs = [night for night in nights if night.cost.stage == stage and night.phases]
        floor_a = _middle(nights, FLOOR_IDS, stage, _wall)
        seconds = [median(run.phases[place] for run in runs) for place in range(len(_PHASES))]
        rows.append((_NIGHT_TITLES[stage], *(f"{one:.2f} ({one / floor_a:.1f} × A)" for one in seconds)))
    return f"Where the time goes with {deals} deals, s:\n\n{table(('', *_PHASES), rows)}"


def _memory_table(nights: Sequence[Night], small: int, large: int) -> str:
    rows = []
    for stage in NIGHTS:
        costs = [
            _middle([night for night in nights if night.cost.deals == deals], RECONCILIATION, stage, figure)
            for deals, figure in ((large, _before), (small, _peak), (large, _peak))
        ]
        figures = (f"{one:.0f}" for one in costs)
        rows.append((_NIGHT_TITLES[stage], *figures, f"{costs[2] - costs[1]:+.0f}"))
    header = ("", "imports alone", f"{small} deals", f"{large} deals", "difference")
    return f"### Peak memory of a reconciliation, MB\n\n{table(header, rows)}"


_NOTES = """\
Wall and CPU as above; CPU of Postgres is that of the whole server meanwhile, its housekeeping included. Requests are
pages of the list + links + everything else, without the login. Audit: rows against their own payload. Sweep: ids and
change times (or whole contents) of Megaplan. Repair includes looking for deletions. After each night the certificate
had to say "proven" with exactly the differences that had been made, and the tables to hold what the page server
serves."""


def _of(nights: Sequence[Night], contender: Contender, stage: Stage) -> list[Measurement]:
    return [night.cost for night in nights if night.cost.contender == contender and night.cost.stage == stage]


def _middle(
    nights: Sequence[Night], contender: Contender, stage: Stage, figure: Callable[[Measurement], float]
) -> float:
    return median(map(figure, _of(nights, contender, stage)))


def _wall(run: Measurement) -> float:
    return run.wall_seconds


def _both_cpu(run: Measurement) -> float:
    return run.cpu_seconds + run.postgres_cpu_seconds


def _peak(run: Measurement) -> float:
    return run.peak_mb


def _before(run: Measurement) -> float:
    return run.before_mb


def _requests(requests: Mapping[str, int]) -> str:
    pages, links = requests.get("/deal", 0), requests.get("/bulk/getEntitiesByLinks", 0)
    others = sum(requests.values()) - pages - links - requests.get(_LOGIN, 0)
    return " + ".join(map(str, (pages, links, others))) if links or others else str(pages)
