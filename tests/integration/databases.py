"""Creates databases on the embedded server: empty, loaded, and copies of both, which take hardly any time."""

import json
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.schema import prepare_raw_schema

EMPTY = "template1"
"""The template of an empty database."""


def create_database(postgres: str, template: str = EMPTY) -> str:
    """Copy a database; return the name of the copy."""
    name = f"test_{uuid4().hex}"
    _execute(postgres, "CREATE DATABASE {} TEMPLATE {}", name, template)
    return name


def drop_database(postgres: str, name: str) -> None:
    """Drop a database, even if sessions are connected to it."""
    _execute(postgres, "DROP DATABASE {} WITH (FORCE)", name)


def address_of(postgres: str, name: str) -> str:
    """Return the address of a database on the same server."""
    return postgres.replace("/postgres?", f"/{name}?")


def create_prepared_database(postgres: str) -> str:
    """Create a database with all tables, which are empty; return its name."""
    name = create_database(postgres)
    with psycopg.connect(address_of(postgres, name), autocommit=True) as connection:
        prepare_raw_schema(connection)
        prepare_telephony_schema(connection)
    return name


def create_loaded_database(postgres: str, megaplan: dict[str, Any]) -> str:
    """Load an account into a new database; return its name.

    :param megaplan: the Airflow connection of the account
    """
    name = create_database(postgres)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_MEGAPLAN_TO_LOAD", json.dumps(megaplan))
        with Session.open(address_of(postgres, name)) as connection:
            prepare_raw_schema(connection)
            hook = MegaplanHook("megaplan_to_load", sleep=lambda seconds: None)
            AccountSync(hook, connection, run_id="load").run((), full_refresh=False)
    return name


def _execute(postgres: str, statement: str, *names: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            with psycopg.connect(postgres, autocommit=True) as connection:
                connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]
            return
        except psycopg.errors.ObjectInUse:  # autovacuum is using the template
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
