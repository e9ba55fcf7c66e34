"""Works on the account of connection ``megaplan_default`` in a process that kills itself with signal 9.

The process is a fork of this one, because starting Python and importing Airflow would take longer than the work.
"""

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import psycopg

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel import leases
from megaplan_sync.kernel.session import Session

Work = Callable[[MegaplanHook, psycopg.Connection[Any]], object]


def work_until_killed(database_uri: str, moment: str, work: Work) -> None:
    """Work, and be killed.

    :param moment: ``request 7``: before the seventh request is sent; ``before 2 <words>`` and ``after 2 <words>``:
        before and after the second SQL statement that contains these words
    :raises AssertionError: the work ended before that moment
    """
    die_in_a_process(lambda: _work(database_uri, moment, work), moment)


def die_in_a_process(work: Callable[[], object], moment: str) -> None:
    """Do something in a child process that kills itself.

    :param moment: when, for the error message
    :raises AssertionError: it ended in another way
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child does not use threads of pytest-xdist
        child = os.fork()
    if child == 0:
        leases.LEASE_SECONDS = 1.0  # the next run takes over when it has expired
        try:
            work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed, f"the moment {moment!r} never came"


def die() -> None:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _work(database_uri: str, moment: str, work: Work) -> None:
    when, number, *words = moment.split(" ", 2)
    hook = MegaplanHook("megaplan_default", budget=_DeadlyBudget(int(number)) if when == "request" else None)
    with _DeadlySession.open(database_uri) as session:
        if when != "request":
            session.when, session.words, session.countdown = when, words[0], _Countdown(int(number))
        work(hook, session)


class _Countdown:
    def __init__(self, left: int) -> None:
        self._left = left

    def is_over(self) -> bool:
        self._left -= 1
        return self._left == 0


class _DeadlyBudget:
    """Lets requests pass at once; the last one kills the process."""

    def __init__(self, requests: int) -> None:
        self._countdown = _Countdown(requests)

    def acquire(self) -> None:
        if self._countdown.is_over():
            die()

    def back_off(self, seconds: float) -> None: ...

    def remaining(self) -> int | None:
        return None


class _DeadlySession(Session):
    when, words, countdown = "", "", _Countdown(0)

    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        is_it = bool(self.words) and self.words in str(query) and self.countdown.is_over()
        if is_it and self.when == "before":
            die()
        cursor = super().execute(query, *args, **options)
        if is_it:
            die()
        return cursor
