"""The result as a markdown page, and its place in the docs."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.contender import DLT, DLT_TUNED, FLOOR_COPY, FLOOR_FETCH, PROJECT, STAGES, Contender, Stage
from benchmarks.measure import Measurement

BEGIN = "<!-- deals_load: written by `python -m benchmarks.deals_load --write-docs` -->"
END = "<!-- deals_load: end -->"

_SMALLEST_BASIS = 0.1
_FLOORS = (FLOOR_FETCH, FLOOR_COPY)
_STAGE_TITLES: Mapping[Stage, str] = {
    "first": "First load",
    "unchanged": "Second run, nothing changed",
    "changed": "Third run, 1 % of the deals changed",
}
_COLUMNS = (
    "",
    "wall, s",
    "× both floors",
    "CPU, s",
    "× both floors",
    "peak, MB",
    "requests",
    "rows written",
    "tuples written",
    "WAL, MB",
)


@dataclass(frozen=True)
class Result:
    """Everything that was measured in one run of the benchmark.

    :param small: first loads of a small account, for the comparison of memory; may be empty
    """

    deals: int
    payload_bytes: float
    repeats: int
    postgres_version: str
    measurements: Sequence[Measurement]
    small: Sequence[Measurement]


def markdown(result: Result, day: date) -> str:
    """Return the tables of a result."""
    parts = [
        f"{day.isoformat()}: {result.deals} deals of {result.payload_bytes / 1000:.1f} KB, "
        f"{'one run' if result.repeats == 1 else f'median of {result.repeats} runs'}, "
        f"Python {platform.python_version()}, PostgreSQL {result.postgres_version}, "
        f"{os.cpu_count()} cores ({platform.system()} {platform.machine()}).",
        *(_stage_table(result, stage) for stage in STAGES),
        _comparison(result),
        _memory_table(result),
        _NOTES,
    ]
    return "\n\n".join(part for part in parts if part)


def write_between_markers(path: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Put the text between the markers of a page, or at its end with markers around it."""
    block = f"{begin}\n\n{text}\n\n{end}"
    page = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    before, found, rest = page.partition(begin)
    after = rest.partition(end)[2] if found else "\n"
    separator = "" if found else "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before + separator + block + after, encoding="utf-8")


def _stage_table(result: Result, stage: Stage) -> str:
    rows: list[Sequence[str]] = []
    floors = [_of(result.measurements, floor, stage) for floor in _FLOORS]
    floor_wall = sum(_middle(runs, lambda run: run.wall_seconds) for runs in floors)
    floor_cpu = sum(_middle(runs, lambda run: run.cpu_seconds) for runs in floors)
    for contender in _contenders(result.measurements):
        runs = _of(result.measurements, contender, stage)
        wall = _middle(runs, lambda run: run.wall_seconds)
        cpu = _middle(runs, lambda run: run.cpu_seconds)
        rows.append(
            (
                contender.title,
                _range(wall, [run.wall_seconds for run in runs]),
                "" if contender in _FLOORS else _ratio(wall, floor_wall),
                f"{cpu:.2f}",
                "" if contender in _FLOORS else _ratio(cpu, floor_cpu),
                f"{_middle(runs, lambda run: run.peak_mb):.0f}",
                _requests(runs[-1].requests),
                f"{_middle(runs, lambda run: run.rows_written):.0f}",
                f"{_middle(runs, lambda run: run.tuples_written):.0f}",
                f"{_middle(runs, lambda run: run.wal_mb):.1f}",
            )
        )
    return f"### {_STAGE_TITLES[stage]}\n\n{table(_COLUMNS, rows)}"


def _comparison(result: Result) -> str:
    present = _contenders(result.measurements)
    rivals = [rival for rival in (DLT, DLT_TUNED) if rival in present]
    if PROJECT not in present or not rivals:
        return ""
    rows: list[Sequence[str]] = []
    for stage in STAGES:
        ours = _of(result.measurements, PROJECT, stage)
        for rival in rivals:
            theirs = _of(result.measurements, rival, stage)
            rows.append(
                (
                    _STAGE_TITLES[stage],
                    rival.title,
                    *(
                        _ratio(_middle(theirs, figure), _middle(ours, figure))
                        for figure in (_wall, _cpu, _peak)
                    ),
                )
            )
    header = ("", "compared with", "its wall ÷ ours", "its CPU ÷ ours", "its peak ÷ ours")
    return f"### This project beside dlt\n\n{table(header, rows)}"


def _memory_table(result: Result) -> str:
    if not result.small:
        return ""
    rows = []
    for contender in _contenders(result.small):
        small = _middle(_of(result.small, contender, "first"), _peak)
        large_runs = _of(result.measurements, contender, "first")
        large = _middle(large_runs, _peak)
        before = _middle(large_runs, lambda run: run.before_mb)
        figures = (before, small, large)
        rows.append((contender.title, *(f"{one:.0f}" for one in figures), f"{large - small:+.0f}"))
    header = ("", "imports alone", f"{result.small[0].deals} deals", f"{result.deals} deals", "difference")
    return f"### Peak memory of a first load, MB\n\n{table(header, rows)}"


_NOTES = """\
Wall and CPU are of the load itself, without starting Python and importing; CPU is user and system time of
the contender's processes, without Postgres and the page server, which share the same cores. Requests are
pages of deals (+ other lists), without the login. Rows written are rows of permanent tables that are new or
rewritten; tuples written are all inserts, updates and deletes, staging tables and catalogue included. Each
loader's tables were compared with what the page server serves after each stage. How fair the comparison is:
`benchmarks/README.md`."""


def _contenders(measurements: Iterable[Measurement]) -> list[Contender]:
    return list(dict.fromkeys(one.contender for one in measurements))


def _of(measurements: Iterable[Measurement], contender: Contender, stage: Stage) -> list[Measurement]:
    return [one for one in measurements if one.contender == contender and one.stage == stage]


def _middle(runs: Sequence[Measurement], figure: Callable[[Measurement], float]) -> float:
    return median(map(figure, runs)) if runs else 0.0


def _wall(run: Measurement) -> float:
    return run.wall_seconds


def _cpu(run: Measurement) -> float:
    return run.cpu_seconds


def _peak(run: Measurement) -> float:
    return run.peak_mb


def _range(middle: float, values: Sequence[float]) -> str:
    return f"{middle:.2f}" if len(values) == 1 else f"{middle:.2f} ({min(values):.2f}–{max(values):.2f})"


def _ratio(value: float, basis: float) -> str:
    """Return how many times the basis it is; nothing where the basis is too small to divide by."""
    return f"{value / basis:.1f}" if basis >= _SMALLEST_BASIS else ""


def _requests(requests: Mapping[str, int]) -> str:
    """Return the count of deal pages, and the other lists if there were any."""
    others = sum(count for path, count in requests.items() if path not in ("/deal", "/auth/access_token"))
    deals = requests.get("/deal", 0)
    return f"{deals} + {others}" if others else str(deals)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under a header as markdown; all columns but the first are figures."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
