"""Nothing depends on defaults of the server, the database, the role or the environment, and none is changed."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_gateway.database import database_pool
from megaplan_gateway.inbox.inbox_writer import InboxWriter
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import Options
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import DurableSession, Session
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.schema import prepare_raw_schema

from .. import truth
from ..databases import address_of, create_database, drop_database
from ..gateway.test_inbox_writer import row
from ..odd_role import as_odd_role, create_odd_role, odd_environment, shown
from ..reconciliation.nights import Night
from ..telephony.push_world import ALL_DONE, EMPLOYEE, UIS_EMPLOYEE, PushWorld

OURS = {
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "exit_on_error": "off",
    "search_path": "pg_catalog, public",
    "transaction_isolation": "read committed",
    "transaction_read_only": "off",
    "transaction_deferrable": "off",
}
BATCH = {
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "900000",
    "jit": "off",
}
LIVE = {
    "statement_timeout": "10000",
    "transaction_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "30000",
    "synchronous_commit": "on",
}


@pytest.fixture
def ordinary_uri(postgres: str, template: str) -> Iterator[str]:
    """Address of the test's database for an ordinary role."""
    name = create_database(postgres, template)
    yield address_of(postgres, name)
    drop_database(postgres, name)


@pytest.fixture
def database_uri(postgres: str, ordinary_uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of the test's database: whatever a test does has odd defaults."""
    create_odd_role(postgres)
    address = as_odd_role(ordinary_uri)
    odd_environment(monkeypatch)
    return address


def test_the_role_is_odd(database_uri: str) -> None:
    with psycopg.connect(database_uri) as connection:
        assert shown(connection, "client_encoding", "bytea_output") == {
            "client_encoding": "WIN1251",
            "bytea_output": "escape",
        }
        assert connection.execute("SELECT now()::text").fetchone() == ("31.12.2000 20:00:00 -04",)


@pytest.mark.parametrize(
    ("kind", "synchronous_commit"), [(Session, "off"), (DurableSession, "on")], ids=["batch", "durable"]
)
def test_settings_of_batch_work(database_uri: str, kind: type[Session], synchronous_commit: str) -> None:
    expected = {**OURS, **BATCH, "synchronous_commit": synchronous_commit}
    with kind.open(database_uri) as session:
        assert shown(session, *expected) == expected
        with session.transaction():
            assert shown(session, *expected) == expected
            with session.transaction():
                assert shown(session, *expected) == expected


@pytest.mark.parametrize("statements", [1, 2])
def test_settings_of_live_work(database_uri: str, statements: int) -> None:
    expected = {**OURS, **LIVE}

    async def read() -> list[Any]:
        async with database_pool(database_uri, 2) as pool, pool.connection() as connection:
            found = []
            for _ in range(statements):
                rows = await connection.execute(
                    "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", (list(expected),)
                )
                found.append(dict(await rows.fetchall()))
            return found

    assert asyncio.run(read()) == [expected] * statements


def test_statements_at_once_are_one_live_transaction(database_uri: str) -> None:
    expected, text = {**OURS, **LIVE}, "O'Brien \\ 100 %"

    async def read() -> tuple[list[list[Any]], bool]:
        async with database_pool(database_uri, 2) as pool, pool.connection() as connection:
            await connection.execute_at_once({}, "CREATE TABLE public.kept (id bigint)")
            found = await connection.execute_at_once(
                {"names": list(expected), "text": text, "nothing": None, "ids": [2**40, 1]},
                "SELECT name, setting FROM pg_settings WHERE name = ANY (%(names)s)",
                "INSERT INTO public.kept SELECT unnest(%(ids)s::bigint[])",
                "SELECT %(text)s::text, %(nothing)s::bigint, id FROM public.kept ORDER BY id",
            )
            with pytest.raises(psycopg.errors.DivisionByZero):
                await connection.execute_at_once({}, "DELETE FROM public.kept", "SELECT 1 / 0")
            ((kept,),) = await connection.execute_at_once({}, "SELECT count(*) FROM public.kept")
            return found, kept == (2,)

    (settings, inserted, read_back), is_kept = asyncio.run(read())
    assert dict(settings) == expected
    assert (inserted, read_back) == ([], [(text, None, 1), (text, None, 2**40)])
    assert is_kept


def test_load_and_night(
    database: Session,
    database_uri: str,
    ordinary_uri: str,
    megaplan: EmulatedMegaplan,
    sync: Callable[..., dict[str, EntityOutcome]],
    connect: Callable[..., str],
) -> None:
    """Text was stored as if it were of another encoding, and nothing said so."""
    outcomes = sync()
    assert outcomes["deals"].inserted == 420
    night = Night(database_uri, megaplan, connect, database)
    assert {each.verdict for each in night.run(depth="full").values()} == {"proven"}
    with Session.open(ordinary_uri) as ordinary:
        truth.assert_tables_are_megaplan(ordinary, megaplan)
        (oldest,) = ordinary.execute("SELECT min(changed_at) FROM megaplan_raw.deals").fetchone() or (None,)
        assert oldest is not None
        assert oldest.year > 2001
    assert all(outcome.changed == 0 for outcome in sync(full_refresh=True).values())


def test_calls_are_received_and_pushed(
    database: Session, database_uri: str, megaplan: EmulatedMegaplan, connect: Callable[..., str]
) -> None:
    prepare_raw_schema(database)
    prepare_telephony_schema(database)

    async def receive() -> Any:
        async with database_pool(database_uri, 2) as pool:
            writer = InboxWriter(pool, Options(), Metrics())
            task = asyncio.create_task(writer.run())
            try:
                return await writer.store("a", "uis_notification", row(1))
            finally:
                task.cancel()

    assert asyncio.run(receive()).is_new
    world = PushWorld(database, database_uri, megaplan, connect)
    database.execute(
        """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
        VALUES (%s, %s, %s, '101')""",
        (world.account, EMPLOYEE, UIS_EMPLOYEE),
    )
    world.add_call(700, "in", "answered")
    world.push_until_quiet(**ALL_DONE)
    assert [call["providerId"] for call in world.calls()] == ["700"]
