"""What Postgres refuses is told in plain words with the remedy, and stops only what it concerns."""

import json
import logging
import struct
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port
from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel import account_lock
from megaplan_sync.kernel.exceptions import EntitiesFailedError
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.outcome import EntityOutcome

from ..conftest import UNHURRIED

Sync = Callable[..., dict[str, EntityOutcome]]


@pytest.fixture
def template(prepared_template: str) -> str:
    """The tests here start with all tables, empty."""
    return prepared_template


def failure_of(sync: Sync, *entities: str) -> EntitiesFailedError:
    with pytest.raises(EntitiesFailedError) as caught:
        sync(*entities)
    return caught.value


def test_a_column_that_is_dropped_while_runs_go_on_is_named(
    database: Session, connect: Callable[..., str]
) -> None:
    database.execute("ALTER TABLE megaplan_raw.currencies DROP COLUMN changed_at")
    hook = MegaplanHook(connect(), sleep=lambda seconds: None)
    with pytest.raises(EntitiesFailedError) as caught:
        AccountSync(hook, database, run_id="damaged").run(["currencies", "deals"], full_refresh=False)
    failure = caught.value
    assert [name.split(" ")[0] for name in failure.failures] == ["currencies"]
    assert "a column is missing (SQLSTATE 42703" in str(failure)
    assert "changed_at" in str(failure)
    assert "Add the column again: docs/rebuild.md" in str(failure)
    assert not failure.retryable
    assert database.execute("SELECT count(*) FROM megaplan_raw.deals").fetchone() == (420,)


def test_a_locked_table_stops_its_entity(
    sync: Sync, database: Session, database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres was called unavailable, and nothing else was loaded."""
    monkeypatch.setattr(account_lock, "SECONDS_TO_WAIT_FOR_ANOTHER_RUN", 0.5)
    with Session.open(database_uri) as backup, backup.transaction():
        backup.execute("LOCK TABLE megaplan_raw.currencies IN ACCESS EXCLUSIVE MODE")
        failure = failure_of(sync, "currencies", "deals")
    assert [name.split(" ")[0] for name in failure.failures] == ["currencies"]
    assert "in use or locked (SQLSTATE 55P03" in str(failure)
    assert "pg_stat_activity" in str(failure)
    assert failure.retryable
    assert database.execute("SELECT count(*) FROM megaplan_raw.deals").fetchone() == (420,)


@pytest.fixture
def new_zone(tmp_path: Path) -> Iterator[str]:
    """A time zone of which Python knows, but not Postgres, as on a server that was updated later."""
    file = tmp_path / "Odd" / "Zone"
    file.parent.mkdir()
    file.write_bytes(b"TZif" + bytes(16) + struct.pack(">6llbb", 0, 0, 0, 0, 1, 4, 0, 0, 0) + b"ODD\0")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([*before, str(tmp_path)])
    yield "Odd/Zone"
    zoneinfo.reset_tzpath(before)


def test_a_time_zone_that_only_python_knows(sync: Sync, database: Session, new_zone: str) -> None:
    """It was saved, and every query of the account's view failed."""
    with pytest.raises(MegaplanSettingError, match=f"'account_timezone': .*'{new_zone}'") as caught:
        sync("currencies", account_timezone=new_zone)
    assert not caught.value.retryable
    assert database.execute("SELECT * FROM megaplan_sync.accounts").fetchall() == []
    sync("currencies", account_timezone="Asia/Omsk")
    assert database.execute("SELECT timezone FROM megaplan_sync.accounts").fetchall() == [("Asia/Omsk",)]


@pytest.mark.parametrize(
    "rule",
    [
        "ALTER TABLE megaplan_raw.deals ADD CONSTRAINT sane CHECK (id <> 1005)",
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'not this one'; END $$;
        CREATE TRIGGER sane BEFORE INSERT ON megaplan_raw.deals FOR EACH ROW WHEN (NEW.payload ->> 'id' = '1005')
        EXECUTE FUNCTION refuse()""",
    ],
    ids=["constraint", "trigger"],
)
def test_a_users_own_rule_stops_the_row_that_it_refuses(sync: Sync, database: Session, rule: str) -> None:
    database.execute(rule)
    outcome = sync("deals")["deals"]
    assert (outcome.inserted, outcome.unreadable > 0) == (419, True)
    unreadable = database.execute("SELECT entity, id FROM megaplan_raw.unreadable_rows").fetchall()
    assert unreadable == [("deals", "1005")]


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[EmulatedMegaplan]:
    """An account with more custom fields than a view can have columns."""
    size = ["--contacts", "3", "--knob", "rps=0", "--knob", "rph=0"]
    with emulated_megaplan(free_port(0), 3, tmp_path / "megaplan.log", size) as emulator:
        added = [{"op": "add_custom_field", "title": f"Поле {n}", "program": 14} for n in range(1700)]
        emulator.control("mutate", added)
        yield emulator


def test_more_custom_fields_than_a_view_takes(
    database: Session,
    wide: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Deals and contacts are loaded, and the view leaves out what it has no room for."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_WIDE", json.dumps(wide.connection(**UNHURRIED)))
    hook = MegaplanHook("megaplan_wide", sleep=lambda seconds: None)
    with caplog.at_level(logging.WARNING):
        outcomes = AccountSync(hook, database, run_id="wide").run((), full_refresh=False)
    inserted = {each.entity: each.inserted for each in outcomes}
    assert inserted["deals"] == 3
    assert inserted["contacts"] > 0
    assert "shows the first 1500" in caplog.text
    (view,) = database.execute("SELECT deals_view FROM megaplan_sync.accounts").fetchone() or ("",)
    assert len(database.execute(f"SELECT * FROM megaplan.{view}").fetchall()) == 3
