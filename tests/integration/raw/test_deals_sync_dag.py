"""The DAG as people run it, ``airflow dags test megaplan_deals_sync``, and what its logs hold."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import PASSWORD, EmulatedMegaplan, what_it_holds
from megaplan_sync.raw.schema import prepare_raw_schema
from tests.integration.airflow_runs import AirflowRun, TestedAirflow, postgres_connection
from tests.integration.conftest import UNHURRIED, list_requests

from .table_comparison import assert_equal_to_megaplan, written_rows

WRONG_PASSWORD = "a-wrong-password-nobody-may-see"
AIRFLOWS_OWN_LEAK = "msg=MaskSecret("
"""At level DEBUG ``dags test`` logs the messages that ask Airflow to mask a secret; real tasks do not."""
TASKS = ("prepare_raw_tables", "choose_accounts", "load_raw_tables")


@pytest.fixture(scope="module")
def issued_tokens() -> set[str]:
    """Every token that the emulator has issued to tests of this module."""
    return set()


@pytest.fixture
def airflow(
    migrated_airflow: TestedAirflow,
    database_uri: str,
    megaplan: EmulatedMegaplan,
    issued_tokens: set[str],
) -> Iterator[TestedAirflow]:
    """An Airflow whose connections lead to the emulator and an empty database."""
    migrated_airflow.environment = {
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan.connection(**UNHURRIED)),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(database_uri)),
    }
    yield migrated_airflow
    issued_tokens.update(megaplan.control("tokens"))


def events_by_entity(airflow: TestedAirflow, run: AirflowRun) -> dict[str, dict[str, Any]]:
    return {
        name.partition("@")[0].removeprefix("megaplan_raw."): event
        for name, event in airflow.asset_events(run).items()
    }


def test_a_run_fills_the_tables_and_tells_so_and_the_second_finds_nothing(
    airflow: TestedAirflow, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    run = airflow.dags_test(variables={"AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"})
    assert run.state == "success", run.output[-3000:]
    assert run.states == dict.fromkeys(TASKS, "success")
    assert_equal_to_megaplan(database, megaplan)
    held = what_it_holds(megaplan)
    events = events_by_entity(airflow, run)
    for table in ("deals", "contacts", "employees", "departments", "currencies"):
        assert events[table]["inserted"] == held[table]
        assert events[table]["updated"] == 0
        assert events[table]["requests"] >= events[table]["pages"] > 0
    assert events["pipelines"]["inserted"] == held["pipelines"] + held["pipeline_stages"]
    assert '"GET /api/v3/deal?' in run.output, "urllib3 logs each request at level DEBUG"

    before = written_rows(database)
    second = airflow.dags_test()
    assert second.state == "success"
    assert airflow.asset_events(second) == {}
    assert written_rows(database) == before


def test_params_narrow_a_run_and_ask_for_everything_anew(
    airflow: TestedAirflow, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    conf = {"accounts": ["megaplan_default"], "entities": ["currencies", "departments"]}
    first = airflow.dags_test(conf)
    assert first.state == "success", first.output[-3000:]
    assert events_by_entity(airflow, first).keys() == {"currencies", "departments"}
    assert list_requests(megaplan, "/deal") == []

    database.execute('UPDATE megaplan_raw.currencies SET payload = payload || \'{"name": "by hand"}\'')
    megaplan.control("requests", method="DELETE")
    refreshed = airflow.dags_test({**conf, "full_refresh": True})
    events = events_by_entity(airflow, refreshed)
    assert events.keys() == {"currencies"}
    assert (events["currencies"]["inserted"], events["currencies"]["updated"]) == (0, 3)
    assert len(list_requests(megaplan, "/department")) == 1, "read again, although equal"


def assert_hopeless(run: AirflowRun, task_id: str, *words: str) -> None:
    """The run failed at once, and what the task's log says of the error has all the words."""
    assert run.state == "failed", run.output[-3000:]
    assert run.states[task_id] == "failed"
    assert run.tries[task_id] == 1
    said = run.error(task_id)
    for word in words:
        assert word in said
    assert "Caused by" not in run.output
    assert "direct cause" not in run.output


def test_a_wrong_password_ends_a_real_run(airflow: TestedAirflow, megaplan: EmulatedMegaplan) -> None:
    described = {**megaplan.connection(**UNHURRIED), "password": WRONG_PASSWORD}
    run = airflow.dags_test(variables={"AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(described)})
    assert_hopeless(run, "load_raw_tables", "'megaplan_default'", "check Login (e-mail) and Password")
    assert len(list_requests(megaplan, "/auth/access_token")) == 1


def test_tables_of_a_newer_version_end_a_real_run(airflow: TestedAirflow, database: Connection[Any]) -> None:
    prepare_raw_schema(database)
    database.execute("UPDATE megaplan_sync.schema_version SET version = 99")
    run = airflow.dags_test()
    assert_hopeless(run, "prepare_raw_tables", "schema_version says 99", "upgrade the package")


def test_no_log_holds_a_password_or_a_token(
    migrated_airflow: TestedAirflow, issued_tokens: set[str], megaplan: EmulatedMegaplan
) -> None:
    """Looks at whatever the runs above have logged, one of them at level DEBUG."""
    lines = [line for line in migrated_airflow.written().splitlines() if AIRFLOWS_OWN_LEAK not in line]
    written = "\n".join(lines)
    assert written.count("DagRun Finished") >= 3, "run the whole module: this test looks at its runs"
    assert len(issued_tokens) >= 2
    for secret in {PASSWORD, WRONG_PASSWORD, *issued_tokens}:
        assert secret not in written
    assert "grant_type" not in written
    assert "Bearer" not in written
