"""Run the benchmarks whose samples docs/performance.md shows, keep the samples, and draw them.

``python -m benchmarks.bench`` takes minutes, and ``--full`` the better part of an hour; ``make bench`` and
``make bench BENCH=full`` do the same. ``--only`` runs some of them. Each result replaces the kept one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.contender import FOLDER
from benchmarks.dlt_environment import dlt_python
from benchmarks.samples import RESULTS

SHORT: Mapping[str, str] = {
    "deals_load": "--deals 10000 --memory-deals 0",
    "reconcile": "--deals 2000 10000",
    "gateway": "--notifications 5000 --contacts 20000 --minutes 0.25",
    "many_accounts": "--accounts 10 50 100 --repeat 1",
}
FULL: Mapping[str, str] = {
    "deals_load": "--deals 100000 --repeat 3",
    "reconcile": "--deals 10000 100000",
    "gateway": "--minutes 30",
    "many_accounts": "--accounts 10 100 1000",
}


def main() -> None:
    """Run, keep, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes that the goals are about")
    parser.add_argument("--only", nargs="+", choices=sorted(SHORT), default=list(SHORT))
    options = parser.parse_args()
    for name in options.only:
        arguments = (FULL if options.full else SHORT)[name].split()
        results = str(RESULTS / f"{name}.json")
        command = [sys.executable, "-m", f"benchmarks.{name}", *arguments, "--samples", results]
        print(f"{name} {' '.join(arguments)}", file=sys.stderr, flush=True)
        subprocess.run(command, cwd=FOLDER.parent, check=True)
    subprocess.run([dlt_python(), "-m", "benchmarks.plots"], cwd=FOLDER.parent, check=True)


if __name__ == "__main__":
    main()
