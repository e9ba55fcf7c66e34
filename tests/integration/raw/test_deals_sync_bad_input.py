"""Errors of the deals operators are reported in one sentence, and retried where that can help."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel import account_session
from megaplan_sync.kernel.error_reporting import LINE_WIDTH
from megaplan_sync.raw.operators import (
    ChooseMegaplanAccountsOperator,
    MegaplanToPostgresOperator,
    PrepareRawTablesOperator,
)
from megaplan_sync.raw.schema import prepare_raw_schema
from tests.integration.airflow_runs import postgres_connection
from tests.integration.conftest import UNHURRIED, list_requests
from tests.local_server import SilentHandler, local_server

WRONG_PASSWORD = "a-wrong-password-nobody-may-see"


@dataclass
class Failed:
    """How a task failed."""

    error: AirflowException
    said: str
    retried: bool


@pytest.fixture
def fail(caplog: pytest.LogCaptureFixture) -> Callable[[BaseOperator], Failed]:
    """Execute an operator that is bound to fail; what its log says of the error fits on the screen."""

    def run(operator: BaseOperator) -> Failed:
        context: Any = {"run_id": "bad_input", "outlet_events": OutletEventAccessors()}
        with pytest.raises(AirflowException) as failed:
            operator.execute(context)
        error = failed.value
        assert error.__cause__ is None
        assert error.__suppress_context__, "Airflow would log the cause behind the message"
        retried = not isinstance(error, AirflowFailException)
        said = caplog.records[-1].getMessage()
        assert caplog.records[-1].levelno == logging.ERROR
        assert " ".join(said.split()) == str(error)
        assert max(map(len, said.splitlines())) <= LINE_WIDTH
        return Failed(error, str(error), retried)

    return run


@pytest.fixture
def in_process(
    database_uri: str,
    database: Connection[Any],
    connect: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Connections as in ``airflow``, for operators executed here; the tables are there; waits are left out."""
    connect()
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    monkeypatch.setattr(account_session, "MegaplanHook", partial(MegaplanHook, sleep=lambda seconds: None))
    prepare_raw_schema(database)


def load(**changes: Any) -> MegaplanToPostgresOperator:
    return MegaplanToPostgresOperator(
        **{
            "task_id": "load_raw_tables",
            "accounts": ["megaplan_default"],
            "entities": ["currencies"],
            **changes,
        }
    )


BAD_CONNECTIONS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no host": ({"host": ""}, ("'host'", "it is empty", "write the address")),
    "another scheme": ({"host": "ftp://mp361546.megaplan.ru"}, ("'host'", "'ftp'", "https and http")),
    "port is no port": ({"host": "http://127.0.0.1:port"}, ("'host'", "no port")),
    "no login": ({"login": ""}, ("'login'", "it is empty", "fill in Login")),
    "no password": ({"password": ""}, ("'password'", "it is empty", "fill in Login")),
    "wrong password": ({"password": WRONG_PASSWORD}, ("check Login (e-mail) and Password",)),
    "below its range": ({"extra": '{"page_size": 0}'}, ("'page_size'", "0 is given", "from 1 to 1000")),
    "not a number": ({"extra": '{"requests_per_hour": "many"}'}, ("'requests_per_hour'", "'many'")),
    "unknown setting": ({"extra": '{"page_sise": 50}'}, ("'page_sise'", "no such setting", "'page_size'")),
    "unknown zone": (
        {"extra": '{"account_timezone": "Moscow"}'},
        ("'account_timezone'", "'Moscow'", "Europe/Moscow"),
    ),
    "quirks not JSON": ({"extra": '{"vendor_quirks": "{page: 1"}'}, ("'vendor_quirks'", "JSON")),
    "unknown quirk": (
        {"extra": '{"vendor_quirks": {"token_bodi": "json"}}'},
        ("'vendor_quirks.token_bodi'", "'token_body'"),
    ),
}


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(("changes", "words"), BAD_CONNECTIONS.values(), ids=BAD_CONNECTIONS.keys())
def test_a_bad_connection_is_told_by_its_field_and_not_retried(
    fail: Callable[[BaseOperator], Failed],
    megaplan: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    described = {**megaplan.connection(**UNHURRIED), **changes}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    failed = fail(load())
    assert not failed.retried
    assert "'megaplan_default'" in failed.said
    for word in words:
        assert word in failed.said
    assert WRONG_PASSWORD not in failed.said


@pytest.mark.usefixtures("in_process")
def test_host_may_carry_its_scheme_or_leave_it_to_the_schema_field(
    megaplan: EmulatedMegaplan, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, port = megaplan.url.removeprefix("http://").split(":")
    for changes in (
        {"host": megaplan.url, "port": None},
        {"host": f"{megaplan.url}/deals/", "port": None},
        {"host": bare, "port": int(port), "schema": "http"},
    ):
        described = {**megaplan.connection(**UNHURRIED, directories_every_minutes=0), **changes}
        monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
        context: Any = {"run_id": json.dumps(changes), "outlet_events": OutletEventAccessors()}
        (outcome,) = load().execute(context)
        assert (outcome["account"], outcome["read"]) == (f"{bare}:{port}", 3)
    assert database.execute("SELECT count(*) FROM megaplan_raw.currencies").fetchone() == (3,)


@pytest.mark.usefixtures("in_process")
def test_without_a_scheme_https_is_spoken(
    fail: Callable[[BaseOperator], Failed], megaplan: EmulatedMegaplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = {
        **megaplan.connection(**UNHURRIED),
        "host": megaplan.url.removeprefix("http://"),
        "schema": "",
        "port": None,
    }
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    failed = fail(load())
    assert failed.retried
    assert "speaks no TLS; check Host" in failed.said


@pytest.fixture
def html_server() -> Iterator[str]:
    """Address of a server that answers everything with a page, as a proxy or a wrong host does."""

    class Page(SilentHandler):
        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b"<html><body>Welcome to nginx!</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with local_server(Page) as address:
        yield address


@pytest.mark.usefixtures("in_process")
def test_an_answer_that_is_no_json_is_told_and_retried(
    fail: Callable[[BaseOperator], Failed],
    megaplan: EmulatedMegaplan,
    html_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described = {**megaplan.connection(**UNHURRIED), "host": html_server, "port": None}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    failed = fail(load())
    assert failed.retried
    assert "HTML" in failed.said
    assert "Host" in failed.said


@pytest.mark.usefixtures("in_process")
def test_a_missing_megaplan_connection_is_told_and_not_retried(
    fail: Callable[[BaseOperator], Failed],
) -> None:
    failed = fail(load(accounts=["megaplan_second"]))
    assert not failed.retried
    assert "'megaplan_second' does not exist" in failed.said
    assert "AIRFLOW_CONN_MEGAPLAN_SECOND" in failed.said


def test_a_missing_postgres_connection_is_told_and_not_retried(
    fail: Callable[[BaseOperator], Failed],
) -> None:
    failed = fail(PrepareRawTablesOperator(task_id="prepare_raw_tables"))
    assert not failed.retried
    assert "'megaplan_postgres' does not exist" in failed.said
    assert "type postgres" in failed.said


UNREACHABLE: dict[str, dict[str, Any]] = {
    "nobody listens": {"host": "127.0.0.1", "port": 1},
    "no such socket": {"host": "/nowhere"},
    "no such database": {"schema": "no_such_database"},
    "no such user": {"login": "nobody"},
}


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("changes", UNREACHABLE.values(), ids=UNREACHABLE.keys())
@pytest.mark.parametrize("task_id", ["prepare_raw_tables", "load_raw_tables"])
def test_a_postgres_that_cannot_be_reached_is_told_and_retried(
    fail: Callable[[BaseOperator], Failed],
    database_uri: str,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    task_id: str,
) -> None:
    described = postgres_connection(database_uri, **{"password": WRONG_PASSWORD, **changes})
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(described))
    failed = fail(load() if task_id == "load_raw_tables" else PrepareRawTablesOperator(task_id=task_id))
    assert failed.retried
    assert failed.said.startswith("Connection 'megaplan_postgres': Postgres is not available (")
    assert "fields Host, Port" in failed.said
    assert WRONG_PASSWORD not in failed.said


@pytest.mark.usefixtures("in_process")
def test_a_postgres_lost_while_reading_is_told_and_retried(
    fail: Callable[[BaseOperator], Failed], database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("faults", {"kind": "slow", "path": "/deal", "exact": True, "seconds": 0.5})
    operator = load(entities=["deals"])

    def cut_off() -> None:
        while not list_requests(megaplan, "/deal"):
            pass
        database.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )

    cutting = threading.Thread(target=cut_off)
    cutting.start()
    failed = fail(operator)
    cutting.join()
    assert failed.retried
    assert "Postgres is not available" in failed.said


@pytest.mark.usefixtures("in_process")
def test_a_right_lacking_in_postgres_is_told_and_not_retried(
    fail: Callable[[BaseOperator], Failed],
    database: Connection[Any],
    database_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database.execute("DROP SCHEMA megaplan, megaplan_raw, megaplan_sync CASCADE")
    database.execute("DROP ROLE IF EXISTS reader_only")
    database.execute("CREATE ROLE reader_only LOGIN")
    described = postgres_connection(database_uri, login="reader_only")
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(described))
    failed = fail(PrepareRawTablesOperator(task_id="prepare_raw_tables"))
    assert not failed.retried
    assert "field Login: its user lacks a right" in failed.said
    assert "Grant it CREATE" in failed.said


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"accounts": ["megaplan_other"]}, ("accounts: megaplan_other", "(megaplan_default)", "Correct")),
        ({"entities": ["deels"]}, ("entities: deels", "deals", "Correct the parameter entities")),
    ],
    ids=["unknown account", "unknown entity"],
)
def test_a_slip_in_the_params_is_told_and_not_retried(
    fail: Callable[[BaseOperator], Failed], asked: dict[str, Any], words: tuple[str, ...]
) -> None:
    failed = fail(ChooseMegaplanAccountsOperator(task_id="choose_accounts", **asked))
    assert not failed.retried
    for word in words:
        assert word in failed.said


@pytest.mark.parametrize("value", ["megaplan_default", '"megaplan_default"', "{}", "[]", "[1]", "null"])
def test_a_variable_that_is_no_list_of_accounts_is_told_and_not_retried(
    fail: Callable[[BaseOperator], Failed], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", value)
    failed = fail(ChooseMegaplanAccountsOperator(task_id="choose_accounts"))
    assert not failed.retried
    assert failed.said.startswith("Variable megaplan_accounts is ")
    assert "Admin -> Variables" in failed.said
