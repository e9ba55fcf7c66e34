"""Loads the account of connection ``megaplan_default``, in a process that a test can kill.

Usage: ``python load_in_a_process.py <database address> <entity> ...``
"""

import sys

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel import leases
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.schema import prepare_raw_schema

if __name__ == "__main__":
    database_uri, *entities = sys.argv[1:]
    leases.LEASE_SECONDS = 1.0  # the next run takes over when it has expired
    with Session.open(database_uri) as session:
        prepare_raw_schema(session)
        AccountSync(MegaplanHook("megaplan_default"), session, run_id="killed").run(
            entities, full_refresh=False
        )
