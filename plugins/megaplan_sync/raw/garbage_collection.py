"""Keeps Python's cycle collector from looking again and again at what does not change."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the cycle collector run rarely, and only over what is made inside of the block.

    A load makes and drops hundreds of dicts for each deal, none of them in a cycle. With the default thresholds
    the collector took more than a third of its time, most of it with Airflow's own modules.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
