"""What other processes of this machine have cost (Linux). Nothing but the standard library."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def tree_cpu_seconds(pid: int) -> float:
    """Return user and system time of a process, of the children it has buried and of its living ones.

    Of Postgres: the postmaster buries every session that ends, so the sum only grows. 0 where there is no /proc.
    """
    seconds = _cpu_seconds(pid, with_buried=True)
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        seconds += sum(_cpu_seconds(int(child), with_buried=False) for child in children)
    return seconds


def _cpu_seconds(pid: int, *, with_buried: bool) -> float:
    with suppress(OSError):
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = after_name[11:15] if with_buried else after_name[11:13]  # utime, stime, cutime, cstime
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return 0.0
