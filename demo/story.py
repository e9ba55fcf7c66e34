"""Tells the demo's story; what is late on a slow machine does not end it."""

from collections.abc import Callable
from pathlib import Path

import requests

from demo.promises import BrokenPromiseError

LATE = (BrokenPromiseError, TimeoutError, requests.RequestException)


def tell(story: Callable[[], None], *, once: bool, say: Callable[[str], None], logs: Path) -> None:
    """Tell the story to its end, or as far as it comes.

    :param once: whether nobody looks at what is running afterwards, so that whatever is missing is a failure
    :raises BrokenPromiseError, TimeoutError, RequestException: something is missing, and nobody looks
    """
    try:
        story()
    except LATE as error:
        if once:
            raise
        say(f"Late, or wrong: {error}.")
        say(
            "The report ends here, but everything stays up and goes on, perhaps only slowly: look into Airflow, "
            f"or into {logs}."
        )


def wait_patiently(
    wait: Callable[[], None], *, once: bool, say: Callable[[str], None], tries: int = 20
) -> None:
    """Wait for what everything else needs, again and again, and say that it takes long.

    :param once: whether nobody looks at what is running, so that the first wait is enough
    :raises TimeoutError: it has not come
    """
    for _ in range(0 if once else tries):
        try:
            return wait()
        except TimeoutError as error:
            say(f"This takes long here: {error}. The demo goes on waiting.")
    wait()
