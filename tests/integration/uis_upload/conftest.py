"""A copy of a loaded database for each test, and both emulated sides."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.account_sync import AccountSync
from megaplan_sync.postgres import prepare_session
from megaplan_sync.raw_schema import prepare_raw_schema
from megaplan_sync.uis_upload.upload_schema import prepare_upload_schema
from tests.emulators.uis_client import Client

from ..conftest import UNHURRIED
from .upload_world import UploadWorld


@pytest.fixture(scope="session")
def loaded_database(postgres: str, running_emulator: EmulatedMegaplan) -> str:
    """Name of a database that holds the emulated Megaplan as the seed made it; to be copied, not written."""
    name = f"loaded_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    running_emulator.control("reset", {})
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AIRFLOW_CONN_MEGAPLAN_LOADED", json.dumps(running_emulator.connection(**UNHURRIED)))
        with psycopg.connect(postgres.replace("/postgres?", f"/{name}?"), autocommit=True) as connection:
            prepare_session(connection)
            prepare_raw_schema(connection)
            prepare_upload_schema(connection)
            AccountSync(MegaplanHook("megaplan_loaded"), connection, run_id=name).run((), full_refresh=False)
    return name


@pytest.fixture
def database_uri(postgres: str, loaded_database: str) -> str:
    """Address of a copy of it."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(loaded_database)))
    return postgres.replace("/postgres?", f"/{name}?")


@pytest.fixture
def world(
    database_uri: str,
    megaplan: EmulatedMegaplan,
    uis: Client,
    sync: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[UploadWorld]:
    """A loaded database and an empty cabinet whose clock is a little ahead."""
    now = datetime.now(ZoneInfo("Europe/Moscow"))
    uis.control("clock", {"time": f"{now:%Y-%m-%d %H:%M:%S}", "frozen": False})
    uis.advance(60)
    with psycopg.connect(database_uri, autocommit=True) as database:
        database.execute("SET TIME ZONE 'UTC'")
        world = UploadWorld(database, database_uri, megaplan, uis, sync, monkeypatch)
        world.forget_requests()
        yield world
