"""Things that the demo promises to happen: waits for all of them, and reports each as it happens."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class BrokenPromiseError(RuntimeError):
    """Something that the demo promises did not happen, or happened differently."""


class Promise(NamedTuple):
    """Something that should happen.

    :param what: named in the error if it does not happen
    :param look: returns a sentence once it has happened, None before
    """

    what: str
    look: Callable[[], str | None]


def wait_for_all(
    promises: Sequence[Promise],
    say: Callable[[str], None],
    alive: Callable[[], None],
    seconds: float = 180,
    pause_seconds: float = 0.2,
) -> None:
    """Wait until every promise is kept.

    :param alive: called while waiting; raises if there is nothing to wait for any more
    :raises BrokenPromiseError: time is up
    """
    open_ones = list(promises)
    until = time.monotonic() + seconds
    while True:
        for promise in list(open_ones):
            sentence = promise.look()
            if sentence is not None:
                open_ones.remove(promise)
                say(sentence)
        if not open_ones:
            return
        if time.monotonic() > until:
            raise BrokenPromiseError(
                f"after {seconds:.0f} s still missing: " + "; ".join(promise.what for promise in open_ones)
            )
        alive()
        time.sleep(pause_seconds)
