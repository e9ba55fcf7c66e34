"""The process in which a contender runs: prepares it, measures its `load`, writes the figures as JSON.

It needs nothing but the standard library, since dlt's environment has little else.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from benchmarks.contender import Job
from benchmarks.processor_time import tree_cpu_seconds


def main() -> None:
    """Run the module named first with the job given second; the figures go into the file named third."""
    module_name, job_text, result_file = sys.argv[1:]
    job = Job.from_json(job_text)
    contender = importlib.import_module(module_name)
    if hasattr(contender, "prepare"):
        contender.prepare(job)
    _ask(job, "count", "POST")
    memory_before = _memory_kb("VmRSS")
    _forget_peak_memory()
    postgres_cpu_before = tree_cpu_seconds(job.postgres_pid)
    cpu_before = _cpu_seconds()
    began = time.perf_counter()
    contender.load(job)
    figures = {
        "wall_seconds": time.perf_counter() - began,
        "cpu_seconds": _cpu_seconds() - cpu_before,
        "postgres_cpu_seconds": tree_cpu_seconds(job.postgres_pid) - postgres_cpu_before,
        "peak_kb": _memory_kb("VmHWM"),
        "before_kb": memory_before,
        "requests": json.loads(_ask(job, "requests", "GET")),
    }
    Path(result_file).write_text(json.dumps(figures))


def _ask(job: Job, control: str, method: str) -> bytes:
    request = urllib.request.Request(f"{job.base_url}/control/{control}", method=method)
    with urllib.request.urlopen(request, timeout=600) as response:
        content: bytes = response.read()
    return content


def _cpu_seconds() -> float:
    """Return user and system time of this process and of the children it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _forget_peak_memory() -> None:
    """Let the peak begin now (Linux); elsewhere it includes the preparation."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _memory_kb(key: str) -> int:
    """Return a figure of this process in kB; where there is no /proc, the peak that `getrusage` knows."""
    status = Path("/proc/self/status")
    if not status.exists():
        kilobytes = 1024 if sys.platform == "darwin" else 1
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // kilobytes
    line = next(line for line in status.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1])


if __name__ == "__main__":
    main()
