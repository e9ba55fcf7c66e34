"""Reduces the work of Python's garbage collector during loads."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def rare_collections() -> Iterator[None]:
    """Run the collector rarely inside the block, and only over objects created there.

    A load creates and drops hundreds of dicts per deal, none of them in a cycle. With the default thresholds the
    collector took more than a third of its time, mostly traversing Airflow's own modules.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
