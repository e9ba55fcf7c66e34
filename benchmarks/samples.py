"""Raw samples of a benchmark, kept in a file with what is needed to repeat and to judge them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.contender import FOLDER

RESULTS = FOLDER / "results"
_PRODUCT = ("plugins", "megaplan_gateway", "include")
_LEFT_OUT = ("--samples", "--write-docs")
_load_before = os.getloadavg()[0]


def keep(path: Path, samples: Sequence[Mapping[str, Any]]) -> None:
    """Write samples, one a line, below the command that made them, the machine and its load."""
    about = {
        "command": _command(),
        "day": date.today().isoformat(),
        "commit": _commit(),
        "machine": {
            "processor": _from_proc("cpuinfo", "model name") or platform.machine(),
            "cores": os.cpu_count(),
            "memory_gb": round(int((_from_proc("meminfo", "MemTotal") or "0").split()[0]) / 1024**2),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "load_before": round(_load_before, 1),
        "load_after": round(os.getloadavg()[0], 1),
    }
    head = "".join(f'"{name}": {json.dumps(value)},\n' for name, value in about.items())
    rows = ",\n".join(json.dumps(sample, ensure_ascii=False) for sample in samples)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{\n{head}"samples": [\n{rows}\n]\n}}\n', encoding="utf-8")


def kept(name: str) -> dict[str, Any]:
    """Return the samples of a benchmark and what is known about them."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def spread(values: Sequence[float], most: int = 400) -> list[float]:
    """Return values in order, at most so many of them at equal distances, the least and the greatest included."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (most - 1))] for place in range(most)]


def _command() -> str:
    """Return the command of this process, without where its results go."""
    spec = sys.modules["__main__"].__spec__
    arguments = iter(sys.argv[1:])
    given = []
    for argument in arguments:
        if argument == "--samples":
            next(arguments, None)
        elif argument not in _LEFT_OUT:
            given.append(argument)
    return " ".join(["python -m", spec.name if spec else sys.argv[0], *given])


def _commit() -> str:
    """Return the last commit that has changed the product, and ``-dirty`` if it has been changed since."""
    last = _git("log", "-1", "--format=%h", "--", *_PRODUCT)
    return f"{last}-dirty" if last and _git("diff", "--name-only", "HEAD", "--", *_PRODUCT) else last


def _git(*arguments: str) -> str:
    with suppress(OSError):
        done = subprocess.run(
            ["git", *arguments], cwd=FOLDER.parent, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()
    return ""


def _from_proc(file: str, name: str) -> str:
    with suppress(OSError):
        for line in Path("/proc", file).read_text().splitlines():
            if line.startswith(name):
                return line.partition(":")[2].strip()
    return ""
