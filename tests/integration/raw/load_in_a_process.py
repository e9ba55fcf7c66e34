"""Loads the account of connection ``megaplan_default``, in a process that a test can kill.

Usage: ``python load_in_a_process.py <database address> <entity> ...``
"""

import sys

import psycopg

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.postgres import prepare_session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.schema import prepare_raw_schema

if __name__ == "__main__":
    database_uri, *entities = sys.argv[1:]
    with psycopg.connect(database_uri, autocommit=True) as session:
        prepare_session(session)
        prepare_raw_schema(session)
        AccountSync(MegaplanHook("megaplan_default"), session, run_id="killed").run(
            entities, full_refresh=False
        )
