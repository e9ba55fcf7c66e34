"""A copy of a loaded database for each test, and both emulated sides."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.schemas import prepare_upload_schema
from megaplan_sync.kernel.session import Session
from tests.emulators.uis_client import Client

from ..databases import address_of, create_database
from .upload_world import UploadWorld


@pytest.fixture(scope="session")
def uploading_template(postgres: str, loaded_template: str) -> str:
    """Name of a database with the seeded account, and the empty tables of the upload."""
    name = create_database(postgres, loaded_template)
    with psycopg.connect(address_of(postgres, name), autocommit=True) as connection:
        prepare_upload_schema(connection)
    return name


@pytest.fixture
def template(uploading_template: str) -> str:
    """The tests here start from that database."""
    return uploading_template


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
    with Session.open(database_uri) as database:
        world = UploadWorld(database, database_uri, megaplan, uis, sync, monkeypatch)
        world.forget_requests()
        yield world
