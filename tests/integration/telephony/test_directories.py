"""The directories of both telephony sides: one that fails, is empty or holds odd entries stops nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.exceptions import EntitiesFailedError
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.telephony.people.directories import save_directory
from megaplan_sync.telephony.people.user_sync import UserSyncOutcome
from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.user_fixtures"]

SyncUsers = Callable[..., UserSyncOutcome]


def entries(database: Connection[Any]) -> list[tuple[Any, ...]]:
    """All entries, with the transaction that wrote each."""
    rows = "SELECT directory, id, name, xmin::text FROM telephony.directories ORDER BY directory, id"
    return database.execute(rows).fetchall()


def test_a_directory_that_fails_stops_neither_the_mapping_nor_the_others(
    sync_users: SyncUsers, database: Connection[Any], megaplan: EmulatedMegaplan, cabinet: Client
) -> None:
    cabinet.control("faults", {"method": "get.virtual_numbers", "kind": "rpc", "mnemonic": "forbidden"})
    megaplan.control("faults", {"path": "/todoCategory", "kind": "500"})
    with pytest.raises(EntitiesFailedError, match=r"todo_categories: .*virtual_numbers: .*forbidden"):
        sync_users()
    assert database.execute("SELECT count(*) FROM telephony.users").fetchone() == (10,)
    assert {directory for directory, *_ in entries(database)} == {"todo_statuses", "uis_statuses"}


def test_an_empty_directory_is_not_accepted(
    sync_users: SyncUsers, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync_users()
    before = entries(database)
    megaplan.control("mutate", {"op": "empty_list", "entity": "TodoCategory"})
    with pytest.raises(EntitiesFailedError, match=r"todo_categories of account .* is empty"):
        sync_users()
    assert entries(database) == before


def test_odd_entries_of_a_directory_hold_up_no_other(
    database: Session, caplog: pytest.LogCaptureFixture
) -> None:
    prepare_telephony_schema(database)
    deep: Any = "bottom"
    for _ in range(300):
        deep = [deep]
    odd = [{"id": "x"}, {"id": None}, {"id": 10**30}, {"id": [1]}, {"name": "no id"}, {"id": 3, "tree": deep}]
    rows = [*odd, {"id": 1, "name": "a\0b"}, {"id": "2", "name": ["list"]}, {"id": 2, "name": "again"}]
    assert save_directory(database, "mp1", "uis_statuses", rows) == 2
    names = database.execute("SELECT id, name FROM telephony.directories ORDER BY id").fetchall()
    assert [identity for identity, _ in names] == [1, 2]
    assert names[0][1] == "a\ufffdb"
    assert "cannot be stored" in caplog.text
