"""Draw the kept samples for docs/performance.md: ``python -m benchmarks.bench`` runs this in the environment for dlt.

Without the last step of a benchmark, ``benchmarks/.venv-dlt/bin/python -m benchmarks.plots`` draws what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot

from benchmarks.performance_page import IMAGES, PAGE, page_with_figures
from benchmarks.samples import RESULTS, kept

Samples = list[dict[str, Any]]
COLORS = ("#9aa5b1", "#c3cbd3", "#1f6feb", "#d97706", "#f2b366")
STAGES = {"first": "first load", "unchanged": "nothing changed", "changed": "1 % changed"}
NIGHTS = {
    "first": "first night",
    "unchanged": "later night",
    "changed": "1 % stale,\n0.1 % missing",
    "full": "whole contents",
}


def main() -> None:
    """Draw all figures whose samples are kept, and write the page."""
    mpl.use("svg")
    # the same samples give the same file
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "performance", "font.size": 9})
    for name, draw in DRAWN.items():
        if (RESULTS / f"{name}.json").exists():
            draw(kept(name)["samples"], IMAGES / f"performance-{name.replace('_', '-')}.svg")
    PAGE.write_text(page_with_figures(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def deals_load(samples: Samples, file: Path) -> None:
    """Draw what each contender costs, a column for each run."""
    deals = max(one["deals"] for one in samples)
    samples = [one for one in samples if one["deals"] == deals]
    figure, rows = pyplot.subplots(2, len(STAGES), figsize=(9, 5))
    for charts, cost in zip(rows, (_wall, _cpu), strict=True):
        for chart, stage in zip(charts, STAGES, strict=True):
            _bars(chart, [one for one in samples if one["stage"] == stage], cost)
    for chart, title in zip(rows[0], STAGES.values(), strict=True):
        chart.set_title(title)
    rows[0][0].set_ylabel(f"seconds, {deals:,} deals")
    rows[1][0].set_ylabel("processor seconds of the loader")
    _save(figure, rows[0][0], file)


def reconcile(samples: Samples, file: Path) -> None:
    """Draw what each night costs: seconds for each size of the account, and processor seconds of the largest."""
    sizes = sorted({one["deals"] for one in samples})
    shown = [*((deals, _wall, f"seconds, {deals:,} deals") for deals in sizes)]
    shown.append((sizes[-1], _cpu_with_postgres, f"processor seconds,\n{sizes[-1]:,} deals"))
    figure, rows = pyplot.subplots(len(shown), len(NIGHTS), figsize=(9, 2.5 * len(shown)), sharey="row")
    for charts, (deals, cost, label) in zip(rows, shown, strict=True):
        for chart, night in zip(charts, NIGHTS, strict=True):
            _bars(chart, [one for one in samples if (one["deals"], one["stage"]) == (deals, night)], cost)
        charts[0].set_ylabel(label)
    for chart, title in zip(rows[0], NIGHTS.values(), strict=True):
        chart.set_title(title)
    _save(figure, rows[0][-1], file)


def gateway(samples: Samples, file: Path) -> None:
    """Draw which share of the requests was answered within which time."""
    figure, chart = pyplot.subplots(figsize=(9, 3.6))
    for one in samples:
        latencies = one["latencies_ms"]
        if latencies:
            shares = [100 * (place + 1) / len(latencies) for place in range(len(latencies))]
            chart.step(latencies, shares, where="post", label=one["what"])
    chart.set_xscale("log")
    chart.set_xlabel("milliseconds")
    chart.set_ylabel("answered within, %")
    chart.axhline(99, color="#999999", linewidth=0.7, linestyle=":")
    chart.grid(alpha=0.3)
    _save(figure, chart, file)


def many_accounts(samples: Samples, file: Path) -> None:
    """Draw processor seconds of an idle run by number of accounts."""
    figure, chart = pyplot.subplots(figsize=(9, 3.4))
    sizes = sorted({one["accounts"] for one in samples})
    parts = {"cpu_tasks": "tasks", "cpu_postgres": "Postgres", "cpu_emulator": "emulated Megaplan"}
    for (name, title), color in zip(parts.items(), (COLORS[2], COLORS[3], COLORS[0]), strict=True):
        found = [(one["accounts"], one[name]) for one in samples]
        middle = [median(cpu for accounts, cpu in found if accounts == size) for size in sizes]
        chart.plot(sizes, middle, marker="o", color=color, label=title)
        chart.scatter(*zip(*found, strict=True), color=color, s=8, alpha=0.5)
    least = [one["cpu_tasks"] for one in samples if one["accounts"] == sizes[0]]
    proportional = [median(least) * size / sizes[0] for size in sizes]
    chart.plot(sizes, proportional, color="#999999", linestyle=":", label="tasks, if proportional")
    chart.set_xscale("log")
    chart.set_yscale("log")
    chart.set_xticks(sizes, [str(size) for size in sizes])
    chart.set_xlabel("accounts")
    chart.set_ylabel("processor seconds")
    chart.grid(alpha=0.3)
    _save(figure, chart, file)


def _wall(sample: dict[str, Any]) -> float:
    return float(sample["wall_seconds"])


def _cpu(sample: dict[str, Any]) -> float:
    return float(sample["cpu_seconds"])


def _cpu_with_postgres(sample: dict[str, Any]) -> float:
    return float(sample["cpu_seconds"] + sample["postgres_cpu_seconds"])


def _bars(chart: Any, samples: Samples, cost: Callable[[dict[str, Any]], float]) -> None:
    """Draw the median cost of each contender, with the range of its runs."""
    for place, contender in enumerate(_contenders(samples)):
        seconds = [cost(one) for one in samples if one["contender"] == contender]
        middle = median(seconds)
        reach = [[middle - min(seconds)], [max(seconds) - middle]] if len(seconds) > 1 else None
        color = COLORS[2] if contender == "this project" else COLORS[(0, 1, 4, 3, 4)[place]]
        (bar,) = chart.bar(place, middle, color=color, label=contender, yerr=reach, capsize=2)
        chart.annotate(
            f"{middle:.2f}" if middle < 10 else f"{middle:.0f}",
            (bar.get_x() + bar.get_width() / 2, middle),
            ha="center",
            va="bottom",
            fontsize=8,
        )
    chart.set_xticks([])
    chart.margins(y=0.15)


def _contenders(samples: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(one["contender"] for one in samples))


def _save(figure: Any, labelled: Any, file: Path) -> None:
    handles, labels = labelled.get_legend_handles_labels()
    figure.tight_layout()
    figure.legend(
        handles,
        labels,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=3 if max(map(len, labels)) < 40 else 2,
        frameon=False,
    )
    figure.savefig(file, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)


DRAWN: dict[str, Callable[[Samples, Path], None]] = {
    "deals_load": deals_load,
    "reconcile": reconcile,
    "gateway": gateway,
    "many_accounts": many_accounts,
}


if __name__ == "__main__":
    main()
