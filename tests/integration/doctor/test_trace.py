"""A recorded account replays to the same tables, and holds nothing personal."""

import base64
import hashlib
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from psycopg import Connection

from demo.emulated_megaplan import LOGIN, PASSWORD, EmulatedMegaplan
from emulators.replay.archive import Archive
from emulators.replay.server import replay_server
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.doctor.anonymiser import Anonymiser, loads
from megaplan_sync.doctor.exceptions import RecordFolderError
from megaplan_sync.doctor.record_operator import RecordTrafficOperator
from megaplan_sync.doctor.recording import Recording, read_megaplan, read_uis
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from tests.emulators.uis_client import TOKEN, Client
from uis_hook import staff
from uis_hook.hook import UisHook

from ..conftest import UNHURRIED
from ..databases import address_of, create_database, drop_database
from ..telephony.two_sides import uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures"]

ANONYMISER = Anonymiser(b"a key that the test knows")
TABLES = (
    "currencies",
    "departments",
    "employees",
    "pipelines",
    "pipeline_stages",
    "contacts",
    "deals",
    "custom_fields",
)
PERSONAL = """
SELECT name FROM megaplan_raw.contacts WHERE name <> ''
UNION SELECT name FROM megaplan_raw.employees WHERE name <> ''
UNION SELECT value FROM megaplan_raw.contact_points WHERE length(value) > 5
UNION SELECT name FROM megaplan_raw.deals
UNION SELECT name FROM megaplan_raw.deal_positions
UNION SELECT number FROM megaplan_raw.deals
UNION SELECT label FROM megaplan_raw.custom_fields
UNION SELECT name FROM megaplan_raw.pipelines
UNION SELECT trim_scale(price)::text FROM megaplan_raw.deals WHERE price > 10000
UNION SELECT trim_scale(price_in_main)::text FROM megaplan_raw.deals WHERE price_in_main > 10000
"""
MANY = 100_000


@pytest.fixture
def template(loaded_template: str) -> str:
    """The account is loaded, so that the tables say what is personal."""
    return loaded_template


@pytest.fixture
def connections(megaplan: EmulatedMegaplan, uis: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    described = megaplan.connection(**UNHURRIED, uis_conn_id="uis_default")
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(uis_connection(uis.url)))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs the archive leaves it to the others."""
    return tmp_path_factory.mktemp("trace") / "trace.zip"


@pytest.fixture
def recorded(connections: None, database: Session, kept: Path) -> Path:
    """The archive of the account and its cabinet."""
    if not kept.exists():
        recording = Recording(ANONYMISER)
        hook, uis = MegaplanHook("megaplan_default"), UisHook("uis_default").client
        hook.observe(recording.observer("megaplan"))
        uis.observe(recording.observer("uis"))
        read_megaplan(hook, database, MANY)
        read_uis(uis, MANY)
        kept.write_bytes(recording.archive())
    return kept


@pytest.fixture
def replayed(recorded: Path) -> Iterator[str]:
    """The address at which the archive is replayed."""
    server = replay_server(Archive.read(recorded))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.url
    server.stop()
    thread.join(timeout=10)


@pytest.fixture
def empty_database(postgres: str, prepared_template: str) -> Iterator[Session]:
    name = create_database(postgres, prepared_template)
    with Session.open(address_of(postgres, name)) as session:
        yield session
    drop_database(postgres, name)


def plain(value: Any) -> str:
    """Write a payload with its keys in order: replaced ones are ordered otherwise."""
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


def rows(database: Connection[Any], table: str) -> list[Any]:
    """Return the payloads of a table."""
    found = database.execute(
        f"SELECT payload::text FROM megaplan_raw.{table} WHERE deleted_at IS NULL"
    ).fetchall()  # type: ignore[arg-type]
    return [loads(text) for (text,) in found]


def test_the_replay_loads_the_same_tables(
    replayed: str, database: Session, empty_database: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = {"conn_type": "megaplan", "host": replayed, "login": "x", "password": "y", "extra": UNHURRIED}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    outcomes = AccountSync(MegaplanHook("megaplan_default"), empty_database, run_id="replay").run(
        (), full_refresh=False
    )
    assert not [outcome for outcome in outcomes if outcome.partial or outcome.skipped]
    for table in TABLES:
        real, again = rows(database, table), rows(empty_database, table)
        assert real
        wanted = {str(row.get("id", row.get("name"))): row for row in map(ANONYMISER.value, real)}
        found = {str(row.get("id", row.get("name"))): row for row in again}
        assert wanted.keys() == found.keys(), table
        differing = [
            (table, key, name, row.get(name), found[key].get(name))
            for key, row in wanted.items()
            for name in row.keys() | found[key].keys()
            if plain(row.get(name)) != plain(found[key].get(name))
        ]
        assert not differing, (len(differing), differing[:5])
    wanted_points = sorted(
        (owner, place, kind, ANONYMISER.value(value), number and ANONYMISER.value(number))
        for owner, place, kind, value, number in points(database)
    )
    assert sorted(points(empty_database)) == wanted_points, (
        "what is a number stays one, and nothing else becomes one"
    )
    assert len({number for *_, number in wanted_points if number}) > 100
    goods = "SELECT count(*) FROM megaplan_raw.deal_positions"
    assert empty_database.execute(goods).fetchall() == database.execute(goods).fetchall()


def points(database: Connection[Any]) -> list[Any]:
    """Return the phones and e-mails of contacts, with what the tables take for a number."""
    return database.execute(
        "SELECT contact_id, position, type, value, phone_e164 FROM megaplan_raw.contact_points"
    ).fetchall()


def test_the_replay_answers_as_the_cabinet(
    replayed: str, uis: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(uis_connection(replayed)))
    client = UisHook("uis_default").client
    real = uis.data("get.employees")
    again = list(client.rows(staff.employees(client.settings)))
    assert [row["id"] for row in again] == sorted(row["id"] for row in real)
    assert {row["full_name"] for row in again}.isdisjoint({row["full_name"] for row in real})
    assert client.ask(staff.account())["app_id"]


def forms(text: str) -> Iterator[str]:
    """Yield how a text may be written in an archive."""
    yield text.lower()
    yield json.dumps(text)[1:-1].lower()
    yield quote(text).lower()
    yield quote(text, safe="").lower()
    for padding in range(3):
        encoded = base64.b64encode(b" " * padding + text.encode()).decode()
        yield encoded[padding and padding + 1 : len(encoded) // 4 * 4 - 4].lower()
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 10 and re.fullmatch(r"\+?[\d\s()-]*", text):
        yield digits[-10:]
        yield digits[-7:]


def test_no_personal_value_is_in_the_archive(recorded: Path, database: Session) -> None:
    seeded = {str(value) for (value,) in database.execute(PERSONAL).fetchall() if value and len(value) > 5}
    chosen = sorted(seeded, key=lambda text: hashlib.sha256(text.encode()).digest())[:250]
    values = [*chosen, PASSWORD, LOGIN, TOKEN]
    assert len(values) > 250
    with zipfile.ZipFile(recorded) as archive:
        content = "".join(archive.read(name).decode() for name in archive.namelist()).lower()
    assert len(content) > 100_000
    found = {text: form for text in values for form in forms(text) if len(form) > 5 and form in content}
    assert found == {}


def test_the_operator_says_where_the_archive_lies(
    connections: None, database_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", database_uri)

    def operator(folder: str) -> RecordTrafficOperator:
        return RecordTrafficOperator(
            task_id="record", accounts=["megaplan_default"], folder=folder, most_pages=1
        )

    (where,) = operator(str(tmp_path / "traces")).execute({}).values()
    host, _, path = where.partition(":")
    assert host
    assert Archive.read(Path(path)).exact
    with pytest.raises(AirflowSkipException):
        operator("").execute({})
    (tmp_path / "file").write_text("x")
    with pytest.raises(Exception, match="cannot be written") as caught:
        operator(str(tmp_path / "file")).execute({})
    assert RecordFolderError.__name__ in repr(caught.value.__cause__ or caught.value) or "record" in str(
        caught.value
    )
