"""Every lane works through PgBouncer in transaction mode, before odd defaults, and leaves nothing behind."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_gateway.database import database_pool
from megaplan_sync.inbox import trigger
from megaplan_sync.inbox.trigger import InboxTrigger
from megaplan_sync.kernel.account_session import account_session
from megaplan_sync.kernel.schemas import prepare_upload_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.schema import SCHEMA_VERSION, prepare_raw_schema
from megaplan_sync.rebuild.account_rebuild import AccountRebuild
from tests.emulators.uis_client import Client

from .. import truth
from ..conftest import UNHURRIED
from ..databases import EMPTY
from ..gateway.served import postgres_connection
from ..reconciliation.nights import Night
from ..sudden_death import work_until_killed
from ..telephony.push_world import ALL_DONE, EMPLOYEE, UIS_EMPLOYEE, PushWorld
from ..telephony.test_push_triggers import come_in
from ..uis_upload.upload_world import UploadWorld
from .bouncer import SERVER_SESSIONS

pytest_plugins = ["tests.emulators.uis_fixtures"]

VERSION_2 = Path(__file__).parents[1] / "raw" / "schema_version_2.sql"
TRACKED = {"application_name", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings"}
"""Settings that PgBouncer itself gives to each client as that client has asked."""
OF_A_TRANSACTION = {"transaction_deferrable", "transaction_isolation", "transaction_read_only"}
"""Each transaction has them anew."""


COMPARED = "name <> 'application_name' AND name NOT LIKE 'plpgsql.%'"


@pytest.fixture
def template(request: pytest.FixtureRequest) -> str:
    """Name of the database that a test begins with: the value of another fixture, if it names one."""
    return request.getfixturevalue(request.param) if hasattr(request, "param") else EMPTY


@pytest.fixture(autouse=True)
def nothing_left_behind(database_uri: str, direct_uri: str) -> Iterator[None]:
    """After each test, look into every session of the server that the pooler holds."""
    defaults = settings(direct_uri)
    with psycopg.connect(database_uri) as client:
        assert client.execute("SELECT pg_backend_pid()").fetchone() != (client.info.backend_pid,)
    yield
    with ExitStack() as stack:
        for _ in range(SERVER_SESSIONS):
            client = stack.enter_context(psycopg.connect(database_uri))  # in a transaction from here on
            found = client.execute(
                f"SELECT name, setting, source FROM pg_settings WHERE {COMPARED}"
            ).fetchall()
            assert {name for name, _, source in found if source == "session"} <= TRACKED | OF_A_TRANSACTION
            assert {name: setting for name, setting, _ in found} == defaults
            for leftover in (
                "SELECT pg_listening_channels()",
                "SELECT name FROM pg_prepared_statements WHERE NOT from_sql",
                "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()",
                "SELECT proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema()",
            ):
                assert client.execute(leftover).fetchall() == [], leftover
    with psycopg.connect(direct_uri) as connection:
        locks = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory'"
        assert connection.execute(locks).fetchone() == (0,)
        if connection.execute("SELECT to_regclass('megaplan_sync.leases')").fetchone() != (None,):
            assert connection.execute("SELECT * FROM megaplan_sync.leases").fetchall() == []


def settings(uri: str) -> dict[str, str]:
    with psycopg.connect(uri) as connection:
        rows = connection.execute(f"SELECT name, setting FROM pg_settings WHERE {COMPARED}")
        return dict(rows.fetchall())


def test_two_accounts_in_parallel_and_again(
    database: Session,
    database_uri: str,
    megaplan: EmulatedMegaplan,
    connect: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    second = {**megaplan.connection(**UNHURRIED), "host": megaplan.url.replace("127.0.0.1", "localhost")}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_SECOND", json.dumps(second))
    prepare_raw_schema(database)
    inserted: dict[str, int] = {}

    def load(conn_id: str) -> None:
        with account_session(conn_id) as session:
            assert session is not None
            outcomes = AccountSync(*session, run_id=uuid4().hex).run((), full_refresh=False)
            inserted[conn_id] = next(each.inserted for each in outcomes if each.entity == "deals")

    accounts = (connect(), "megaplan_second")
    for expected in (420, 0):
        threads = [threading.Thread(target=load, args=(conn_id,)) for conn_id in accounts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert inserted == dict.fromkeys(accounts, expected)
        inserted.clear()
    rows = database.execute("SELECT count(*), count(DISTINCT account) FROM megaplan_raw.deals").fetchone()
    assert rows == (840, 2)


def test_a_killed_load_is_continued_by_another_run(
    database: Session,
    database_uri: str,
    megaplan: EmulatedMegaplan,
    sync: Callable[..., dict[str, EntityOutcome]],
    connect: Callable[..., str],
) -> None:
    prepare_raw_schema(database)
    connect(page_size=20)
    work_until_killed(
        database_uri,
        "request 12",
        lambda hook, session: AccountSync(hook, session, run_id="killed").run(
            ["custom_fields", "deals"], full_refresh=False
        ),
    )
    (loaded,) = database.execute("SELECT count(*) FROM megaplan_raw.deals").fetchone() or (0,)
    assert 0 < loaded < 420
    outcomes = sync("custom_fields", "deals", page_size=20)
    assert outcomes["deals"].inserted == 420 - loaded
    assert truth.loaded_deals(database) == truth.deals(megaplan)


def test_an_upgrade_from_version_2(database: Session, direct_uri: str) -> None:
    """Its temporary tables, views and functions are gone afterwards."""
    with Session.open(direct_uri) as connection:
        connection.execute(VERSION_2.read_bytes())
    prepare_raw_schema(database)
    assert database.execute("SELECT version FROM megaplan_sync.schema_version").fetchone() == (
        SCHEMA_VERSION,
    )


@pytest.mark.parametrize("template", [pytest.param("loaded_template", id="loaded")], indirect=True)
def test_night_and_rebuild(
    database: Session, database_uri: str, megaplan: EmulatedMegaplan, connect: Callable[..., str]
) -> None:
    night = Night(database_uri, megaplan, connect, database)
    night.by_hand(
        "UPDATE megaplan_raw.deal_positions SET name = 'by hand' WHERE position = 0 AND deal_id < 1010"
    )
    night.change({"op": "touch_many", "count": 3, "seed": 1})
    assert {each.verdict for each in night.run(depth="full").values()} == {"proven"}
    night.assert_tables_are_megaplan()
    account = night.hook().account
    outcomes = AccountRebuild(database, account, phone_region="RU", run_id="rebuild").run(())
    assert all(counts.corrected == 0 for each in outcomes for counts in each.tables.values())


@pytest.mark.parametrize("template", [pytest.param("loaded_template", id="loaded")], indirect=True)
def test_upload(
    database: Session,
    database_uri: str,
    megaplan: EmulatedMegaplan,
    uis: Client,
    sync: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare_upload_schema(database)
    now = datetime.now(ZoneInfo("Europe/Moscow"))
    uis.control("clock", {"time": f"{now:%Y-%m-%d %H:%M:%S}", "frozen": False})
    upload = UploadWorld(database, database_uri, megaplan, uis, sync, monkeypatch)
    assert upload.upload()["deals_created"] == 420
    assert upload.certificates[-1].verdict == "proven"


@pytest.mark.parametrize("template", [pytest.param("prepared_template", id="prepared")], indirect=True)
def test_calls_are_pushed(
    database: Session, database_uri: str, megaplan: EmulatedMegaplan, connect: Callable[..., str]
) -> None:
    world = PushWorld(database, database_uri, megaplan, connect)
    database.execute(
        """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
        VALUES (%s, %s, %s, '101')""",
        (world.account, EMPLOYEE, UIS_EMPLOYEE),
    )
    world.add_call(700, "in", "answered")
    world.push_until_quiet(**ALL_DONE)
    assert [call["providerId"] for call in world.calls()] == ["700"]


@pytest.mark.parametrize("template", [pytest.param("prepared_template", id="prepared")], indirect=True)
@pytest.mark.parametrize("has_direct_connection", [False, True])
def test_the_trigger_polls_or_listens_past_the_pooler(
    database: Session,
    database_uri: str,
    direct_uri: str,
    has_direct_connection: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    if has_direct_connection:
        direct = json.dumps(postgres_connection(direct_uri))
        monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES_DIRECT", direct)
        monkeypatch.setattr(trigger, "POOLED_POLL_SECONDS", 60.0)  # what comes is heard

    async def fire() -> None:
        events = InboxTrigger(poll_seconds=60).run()
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(1)
        await asyncio.to_thread(come_in, database)
        assert (await asyncio.wait_for(waiting, 20)).payload == {"newest_event": 1}

    asyncio.run(fire())


@pytest.mark.parametrize("template", [pytest.param("prepared_template", id="prepared")], indirect=True)
def test_sessions_of_the_gateway(database_uri: str) -> None:
    async def use() -> None:
        async with database_pool(database_uri, 4) as pool:

            async def limits() -> Any:
                async with pool.connection() as connection:
                    shown = await connection.execute(
                        "SELECT current_setting('statement_timeout'), current_setting('TimeZone')"
                    )
                    return await shown.fetchone()

            assert set(await asyncio.gather(*(limits() for _ in range(8)))) == {("10s", "UTC")}

    asyncio.run(use())
