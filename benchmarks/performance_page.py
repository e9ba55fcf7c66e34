"""What docs/performance.md says below each figure: how it was made, where and when. From the kept samples."""

from __future__ import annotations

import re
from typing import Any

from benchmarks.contender import FOLDER
from benchmarks.samples import RESULTS, kept

PAGE = FOLDER.parent / "docs" / "performance.md"
IMAGES = FOLDER.parent / "docs" / "images"
_FIGURE = re.compile(r"<!-- figure of (\w+) -->\n.*?<!-- end of figure -->", re.DOTALL)


def page_with_figures(page: str) -> str:
    """Return the page with each of its figures as the kept samples have it; without samples it stays as it is."""
    return _FIGURE.sub(
        lambda found: _block(found[1]) if (RESULTS / f"{found[1]}.json").exists() else found[0], page
    )


def figures_of(page: str) -> list[str]:
    """Return the names of the benchmarks that a page shows."""
    return _FIGURE.findall(page)


def _block(name: str) -> str:
    return f"<!-- figure of {name} -->\n{_figure(name, kept(name))}\n<!-- end of figure -->"


def _figure(name: str, known: dict[str, Any]) -> str:
    machine = known["machine"]
    commit = known["commit"].removesuffix("-dirty")
    changed = ", with changes that were not committed" if known["commit"] != commit else ""
    return (
        f"![{name}](images/performance-{name.replace('_', '-')}.svg)\n\n"
        f"`{known['command']}` on {known['day']}, with the product of commit {commit}{changed}. "
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}; load {known['load_before']} before and "
        f"{known['load_after']} after. "
        f"Samples: [benchmarks/results/{name}.json](../benchmarks/results/{name}.json)."
    )
