"""What the pages say when there is nothing to read yet; rights are tried in a real Airflow, in ``test_pages``."""

import pytest
from starlette.testclient import TestClient

from megaplan_console.access import MAY_READ
from megaplan_console.app import create_app
from megaplan_console.database import open_database
from megaplan_sync.kernel.exceptions import DatabaseRefusalError
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.schema import prepare_raw_schema

RUSSIAN = {"Accept-Language": "ru"}


@pytest.fixture
def client(database_uri: str, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A reader of the console on an empty database."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", database_uri)
    app = create_app()
    for right in MAY_READ:
        app.dependency_overrides[right.dependency] = lambda: None
    return TestClient(app)


def test_without_a_database_the_page_names_the_connection(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", "postgresql://nobody@127.0.0.1:1/none")
    answer = client.get("/certificates", headers=RUSSIAN)
    assert answer.status_code == 503
    assert "Таблицы сейчас не прочитать" in answer.text
    assert "megaplan_postgres" in answer.text


def test_before_the_first_run_the_page_says_which_dag_creates_the_tables(client: TestClient) -> None:
    answer = client.get("/certificates")
    assert answer.status_code == 503
    assert "Turn on the DAG megaplan_deals_sync" in answer.text


def test_an_account_without_telephony_needs_none_of_its_tables(client: TestClient, database: Session) -> None:
    prepare_raw_schema(database)
    assert "There are no tables of telephony yet" in client.get("/telephony").text
    assert client.post("/telephony", data={"call": "8 (916) 123-45-67"}).status_code == 200
    assert client.get("/telephony/call?account=x&number=1").status_code == 404
    assert "No certificates" in client.get("/certificates").text


def test_the_console_cannot_write(client: TestClient, database: Session) -> None:
    prepare_raw_schema(database)
    parameters = {"account": "x", "timezone": "Europe/Moscow"}
    with pytest.raises(DatabaseRefusalError, match="read-only"), open_database() as opened:
        opened.rows("save_account", **parameters)
