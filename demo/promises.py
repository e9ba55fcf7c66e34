"""What is promised to happen by itself: waited for together, told in the order in which it comes true."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class BrokenPromiseError(RuntimeError):
    """Something that the demo promises did not happen, or happened otherwise."""


class Promise(NamedTuple):
    """Something that is going to happen.

    :param what: told when it does not
    :param look: returns what is to be told once it has happened, None before
    """

    what: str
    look: Callable[[], str | None]


def wait_for_all(
    promises: Sequence[Promise],
    tell: Callable[[str], None],
    alive: Callable[[], None],
    seconds: float = 180,
    pause_seconds: float = 0.2,
) -> None:
    """Wait until every promise is kept.

    :param alive: called while waiting; raises when waiting has become pointless
    :raises BrokenPromiseError: time is up
    """
    open_ones = list(promises)
    until = time.monotonic() + seconds
    while True:
        for promise in list(open_ones):
            told = promise.look()
            if told is not None:
                open_ones.remove(promise)
                tell(told)
        if not open_ones:
            return
        if time.monotonic() > until:
            raise BrokenPromiseError(
                f"after {seconds:.0f} s still missing: " + "; ".join(promise.what for promise in open_ones)
            )
        alive()
        time.sleep(pause_seconds)
