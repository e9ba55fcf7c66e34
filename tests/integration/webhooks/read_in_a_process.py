"""Reads what the webhooks of ``megaplan_default`` name, in a process that kills itself with signal 9.

Usage: ``python read_in_a_process.py <database address> <moment>``, the moment as in ``reconcile_in_a_process.py``.
"""

import sys

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.postgres import prepare_session
from megaplan_sync.webhooks.account_webhooks import AccountWebhooks
from tests.integration.reconciliation.reconcile_in_a_process import Countdown, DeadlyBudget, DeadlyConnection

if __name__ == "__main__":
    database_uri, moment = sys.argv[1:]
    when, number, *words = moment.split(" ", 2)
    hook = MegaplanHook("megaplan_default", budget=DeadlyBudget(int(number)) if when == "request" else None)
    with DeadlyConnection.connect(database_uri, autocommit=True) as session:
        prepare_session(session)
        if when != "request":
            DeadlyConnection.when, DeadlyConnection.words = when, words[0]
            DeadlyConnection.countdown = Countdown(int(number))
        AccountWebhooks(hook, session).run()
