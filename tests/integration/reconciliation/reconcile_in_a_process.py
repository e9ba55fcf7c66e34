"""Reconciles the account of connection ``megaplan_default`` in a process that kills itself with signal 9.

Usage: ``python reconcile_in_a_process.py <database address> <run id> <depth> <when to die> <entity> ...``

When to die: ``request 7`` is when the seventh request is about to be sent; ``before 2 <words>`` and
``after 2 <words>``
are around the second statement of SQL in which these words stand.
"""

import os
import signal
import sys
from typing import Any

import psycopg

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.postgres import prepare_session
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    def __init__(self, left: int) -> None:
        self._left = left

    def is_over(self) -> bool:
        self._left -= 1
        return self._left == 0


class DeadlyBudget:
    """Lets requests through at once, except the last one."""

    def __init__(self, requests: int) -> None:
        self._countdown = Countdown(requests)

    def acquire(self) -> None:
        if self._countdown.is_over():
            die()

    def back_off(self, seconds: float) -> None: ...

    def remaining(self) -> int | None:
        return None


class DeadlyConnection(psycopg.Connection[Any]):
    when, words, countdown = "", "", Countdown(0)

    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        is_it = bool(self.words) and self.words in str(query) and self.countdown.is_over()
        if is_it and self.when == "before":
            die()
        cursor = super().execute(query, *args, **options)
        if is_it:
            die()
        return cursor


if __name__ == "__main__":
    database_uri, run_id, depth, moment, *entities = sys.argv[1:]
    when, number, *words = moment.split(" ", 2)
    hook = MegaplanHook("megaplan_default", budget=DeadlyBudget(int(number)) if when == "request" else None)
    with DeadlyConnection.connect(database_uri, autocommit=True) as session:
        prepare_session(session)
        if when != "request":
            DeadlyConnection.when, DeadlyConnection.words = when, words[0]
            DeadlyConnection.countdown = Countdown(int(number))
        AccountReconciliation(hook, session, run_id=run_id, depth=depth).run(entities)
