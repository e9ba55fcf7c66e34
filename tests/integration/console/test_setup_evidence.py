"""What the page Set-up concludes from connections, tables and the doctor; ``test_pages`` tries the page itself."""

import json
from typing import Any

import pytest
from airflow.api_fastapi.core_api.security import get_user
from starlette.testclient import TestClient

from megaplan_console.access import MAY_READ
from megaplan_console.app import create_app
from megaplan_console.setup_evidence import evidence_of
from megaplan_console.setup_steps import Step, steps_of
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.schema import prepare_raw_schema

from .console_world import add_account, add_table, insert

CONN_ID = "megaplan_default"
ACCOUNT = "mp361546"


@pytest.fixture(autouse=True)
def connections(database_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", database_uri)
    described = {"conn_type": "megaplan", "host": f"{ACCOUNT}.megaplan.ru", "login": "x", "password": "y"}
    monkeypatch.setenv(
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps({**described, "extra": {"uis_conn_id": "uis_x"}})
    )


def steps() -> dict[str, Step]:
    return {step.key: step for part in steps_of(evidence_of(CONN_ID)).values() for step in part}


def examined(database: Session, *findings: tuple[str, str]) -> None:
    """Store what the doctor has found: levels and topics."""
    rows = [
        {"level": level, "topic": topic, "message": "it is so", "remedy": "do this", "who": "somebody"}
        for level, topic in findings
    ]
    row = {"conn_id": CONN_ID, "account": ACCOUNT, "findings": json.dumps(rows)}
    database.execute("DELETE FROM megaplan_sync.examinations")
    insert(database, "megaplan_sync.examinations", row)


def test_what_cannot_be_read_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found = steps()
    assert (found["postgres"].state, found["postgres"].dag_id) == ("open", "megaplan_deals_sync")
    assert (found["uis_connection"].state, found["connection"].state) == ("wrong", "done")
    assert "uis_x" in found["uis_connection"].reason
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv(
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT",
        json.dumps({"conn_type": "megaplan", "host": "x.megaplan.ru", "extra": {"telephony_activ": True}}),
    )
    found = steps()
    assert {key: step.state for key, step in found.items() if step.state != "open"} == {
        "postgres": "wrong",
        "connection": "wrong",
    }
    assert "megaplan_postgres" in found["postgres"].reason
    assert "uis_connection" not in found, "nothing is known to use it"


def test_tables_prove_a_step_and_the_doctor_tells_the_rest(database: Session) -> None:
    prepare_raw_schema(database)
    add_account(database, ACCOUNT, CONN_ID)
    examined(database, ("error", "login"), ("error", "UIS key"), ("ok", "gateway"))
    found = steps()
    assert (found["login"].state, found["login"].reason) == ("wrong", "it is so → do this")
    assert found["gateway"].state == "open", "there is no address in the connection"
    add_table(database, ACCOUNT, "deals", 0)
    add_table(database, ACCOUNT, "contacts", None)
    database.execute("UPDATE megaplan_sync.walks SET read_at = now() + interval '1 s' WHERE entity = 'deals'")
    found = steps()
    assert (found["login"].state, found["login"].reason) == ("done", "")
    assert (found["first_load"].state, found["first_load"].note) == ("open", "loading")
    examined(database, ("error", "login"))
    database.execute("UPDATE megaplan_sync.walks SET read_at = now() - interval '1 h' WHERE entity = 'deals'")
    assert steps()["login"].state == "wrong", "it was found after the last read"
    examined(database, ("ok", "login"), ("error", "rights"))
    assert steps()["login"].state == "wrong"


@pytest.fixture
def client() -> TestClient:
    app = create_app()
    for right in (*(each.dependency for each in MAY_READ), get_user):
        app.dependency_overrides[right] = lambda: None
    return TestClient(app)


@pytest.mark.parametrize("has_tables", [True, False])
def test_accounts_are_listed_with_what_the_doctor_found(
    client: TestClient, database: Session, monkeypatch: pytest.MonkeyPatch, has_tables: bool
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", json.dumps([CONN_ID, "megaplan_other"]))
    if has_tables:
        prepare_raw_schema(database)
        examined(database, ("error", "login"), ("error", "gateway"), ("ok", "requests"))
    text = client.get("/setup").text
    assert text.count("conn_id=megaplan_") == 2
    assert ("2 errors" in text) == has_tables
    assert "conn_id=megaplan_default" not in client.get("/setup?name=OTHER").text


@pytest.mark.parametrize("variable", ["{}", "megaplan_default"])
def test_a_list_of_accounts_that_is_none_is_named(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, variable: Any
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", variable)
    answer = client.get("/setup")
    assert answer.status_code == 503
    assert "megaplan_accounts" in answer.text
