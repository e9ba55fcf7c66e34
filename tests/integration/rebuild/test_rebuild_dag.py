"""The DAG as people run it, ``airflow dags test megaplan_rebuild``, and what it says when something is missing."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.rebuild.operators import (
    RebuildRawTablesOperator,
    RecreateViewsOperator,
    RequireRawColumnsOperator,
)
from tests.integration.airflow_runs import TestedAirflow, postgres_connection
from tests.integration.conftest import UNHURRIED
from tests.integration.rebuild.conftest import WHEN_INSERTED, copy_of, one, read_wrongly, written

TASKS = ("choose_accounts", "require_raw_columns", "recreate_views", "rebuild_raw_tables")


@pytest.fixture
def airflow(migrated_airflow: TestedAirflow, database_uri: str, megaplan: EmulatedMegaplan) -> TestedAirflow:
    """An Airflow whose connections lead to the emulator and the test's database."""
    migrated_airflow.environment = {
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan.connection(**UNHURRIED, deals_active=False)),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(database_uri)),
    }
    return migrated_airflow


def test_a_run_rebuilds_reports_it_and_asks_megaplan_nothing(
    airflow: TestedAirflow, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("requests", method="DELETE")
    before = copy_of(database, without=WHEN_INSERTED)
    wrong = read_wrongly(database, "contacts")
    deals = one(database, "SELECT count(*) FROM megaplan_raw.deals WHERE price IS NOT NULL")
    wrong["deals"] = database.execute("DELETE FROM megaplan_raw.deal_positions").rowcount
    database.execute(
        "ALTER TABLE megaplan_raw.deals DROP COLUMN price CASCADE"
    )  # takes megaplan.deals with it
    database.execute(
        """ALTER TABLE megaplan_raw.deals ADD COLUMN price numeric
        GENERATED ALWAYS AS (megaplan_raw.as_number(payload -> 'price' -> 'value')) STORED"""
    )

    run = airflow.dags_test(dag_id="megaplan_rebuild")
    assert run.state == "success", run.output[-3000:]
    assert run.states == dict.fromkeys(TASKS, "success")
    assert copy_of(database, without=WHEN_INSERTED) == before
    assert one(database, "SELECT count(price) FROM megaplan.deals") == deals > 0
    events = {
        name.partition("@")[0].removeprefix("megaplan_raw."): event["tables"]
        for name, event in airflow.asset_events(run).items()
    }
    assert events["contacts"]["contacts"]["corrected"] == wrong["contacts"]
    assert events["deals"]["deal_positions"]["inserted"] == wrong["deals"]
    assert events.keys() == wrong.keys()
    assert megaplan.control("requests") == []


@pytest.mark.usefixtures("in_process")
def test_a_second_run_finds_nothing_writes_nothing_and_emits_no_asset_event(
    database: Connection[Any],
) -> None:
    unchanged = written(database)
    context: Any = {"run_id": "second", "outlet_events": OutletEventAccessors()}
    operator = RebuildRawTablesOperator(
        task_id="rebuild_raw_tables", accounts=["megaplan_default"], outlets=RAW_TABLE_ALIASES
    )
    operator.execute(context)
    assert not any(context["outlet_events"][alias].asset_alias_events for alias in RAW_TABLE_ALIASES)
    assert written(database) == unchanged


@pytest.mark.usefixtures("in_process")
def test_a_missing_table_is_named(database: Connection[Any], caplog: pytest.LogCaptureFixture) -> None:
    database.execute("DROP TABLE megaplan_raw.deals CASCADE")
    message = last_words(RequireRawColumnsOperator(task_id="require_raw_columns"), caplog)
    assert "Table megaplan_raw.deals does not exist" in message
    assert "run megaplan_deals_sync" in message


# -- in process, where the message is the point


def last_words(operator: BaseOperator, caplog: pytest.LogCaptureFixture) -> str:
    """Execute an operator that is bound to fail for good, and return the end of its log in one line."""
    context: Any = {"run_id": "bad_input", "outlet_events": OutletEventAccessors()}
    with pytest.raises(AirflowException) as failed:
        operator.execute(context)
    assert isinstance(failed.value, AirflowFailException), "a retry would not help"
    context["exception"] = failed.value
    for callback in operator.on_failure_callback:
        callback(context)
    assert caplog.records[-1].levelno == logging.ERROR
    return " ".join(caplog.records[-1].getMessage().split())


@pytest.fixture
def in_process(database_uri: str, monkeypatch: pytest.MonkeyPatch, connect: Callable[..., str]) -> None:
    """Airflow's connections for operators executed here."""
    connect()
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"accounts": ["megaplan_other"]}, ("accounts: megaplan_other", "(megaplan_default)", "Correct")),
        (
            {"entities": ["deal_positions"]},
            ("entities: deal_positions", "deals", "Correct the parameter entities"),
        ),
    ],
    ids=["unknown account", "unknown entity"],
)
def test_a_slip_in_the_params_is_named_and_not_retried(
    caplog: pytest.LogCaptureFixture, asked: dict[str, Any], words: tuple[str, ...]
) -> None:
    message = last_words(ChooseMegaplanAccountsOperator(task_id="choose_accounts", **asked), caplog)
    for word in words:
        assert word in message


@pytest.mark.usefixtures("in_process")
def test_a_missing_column_is_named(database: Connection[Any], caplog: pytest.LogCaptureFixture) -> None:
    operator = RequireRawColumnsOperator(task_id="require_raw_columns")
    operator.execute({})
    database.execute("ALTER TABLE megaplan_raw.contact_points DROP COLUMN is_main")
    database.execute("ALTER TABLE megaplan_raw.deals DROP COLUMN price CASCADE")  # and view megaplan.deals
    message = last_words(operator, caplog)
    assert message.startswith(
        "Column megaplan_raw.contact_points.is_main, megaplan_raw.deals.price does not exist"
    )
    assert "ALTER TABLE ... ADD COLUMN" in message
    assert one(database, "SELECT to_regclass('megaplan.deals')") is None


@pytest.mark.usefixtures("in_process")
def test_a_view_in_use_is_named(database: Connection[Any], caplog: pytest.LogCaptureFixture) -> None:
    operator = RecreateViewsOperator(task_id="recreate_views")
    database.execute("DROP VIEW megaplan.deals CASCADE")
    database.execute("CREATE VIEW megaplan.deals AS SELECT name, id FROM megaplan_raw.deals")
    context: Any = {}
    with caplog.at_level(logging.WARNING):
        operator.execute(context)
    assert "Restore the grants" in caplog.text
    database.execute("DROP VIEW megaplan.deals CASCADE")
    database.execute("CREATE VIEW megaplan.deals AS SELECT name, id FROM megaplan_raw.deals")
    database.execute("CREATE VIEW public.report AS SELECT * FROM megaplan.deals")
    assert "view report depends on view megaplan.deals" in last_words(operator, caplog)


@pytest.mark.usefixtures("in_process")
def test_a_missing_connection_is_named(caplog: pytest.LogCaptureFixture) -> None:
    operator = RebuildRawTablesOperator(task_id="rebuild_raw_tables", accounts=["megaplan_second"])
    assert "'megaplan_second' does not exist" in last_words(operator, caplog)


@pytest.mark.usefixtures("in_process")
def test_an_account_without_rows_is_named(
    megaplan: EmulatedMegaplan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    described = {**megaplan.connection(**UNHURRIED), "host": "mp1.megaplan.ru", "port": None}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    context: Any = {"run_id": "no rows", "outlet_events": OutletEventAccessors()}
    with caplog.at_level(logging.WARNING):
        RebuildRawTablesOperator(task_id="rebuild_raw_tables", accounts=["megaplan_default"]).execute(context)
    assert "The tables contain no row of account mp1" in caplog.text


@pytest.mark.usefixtures("in_process")
def test_the_phone_region_is_that_of_the_connection(
    megaplan: EmulatedMegaplan, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = megaplan.connection(**UNHURRIED, vendor_quirks={"default_phone_region": "UZ"})
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    context: Any = {"run_id": "region", "outlet_events": OutletEventAccessors()}
    operator = RebuildRawTablesOperator(
        task_id="rebuild_raw_tables", accounts=["megaplan_default"], entities=["contacts"]
    )
    (outcome,) = operator.execute(context)
    assert outcome["tables"]["contact_points"]["corrected"] > 0
    assert outcome["tables"]["contacts"]["corrected"] == 0
