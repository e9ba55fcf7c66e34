"""Waiting for what happens by itself."""

import time
from collections.abc import Callable
from typing import Any


def until(true: Callable[[], Any], seconds: float = 15) -> Any:
    """Return the first true answer."""
    end = time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
    return answer
