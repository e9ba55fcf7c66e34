"""Reduces the work of Python's garbage collector during loads."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_DEFAULTS: list[tuple[int, int, int]] = []
"""The thresholds to return to, once for each block that is open."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Run the collector rarely inside the block, and only over objects created there.

    A load creates and drops hundreds of dicts per deal, none of them in a cycle. With the default thresholds the
    collector took more than a third of its time, mostly traversing Airflow's own modules. Threads may be inside at
    once: the first one changes the thresholds, the last one restores them.
    """
    with _LOCK:
        if not _DEFAULTS:
            _DEFAULTS.append(gc.get_threshold())
            gc.freeze()
            gc.set_threshold(100_000, 20, 100)
        else:
            _DEFAULTS.append(_DEFAULTS[0])
    try:
        yield
    finally:
        with _LOCK:
            before = _DEFAULTS.pop()
            if not _DEFAULTS:
                gc.set_threshold(*before)
                gc.unfreeze()
