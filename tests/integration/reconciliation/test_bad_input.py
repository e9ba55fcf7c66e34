"""What a person gets wrong is answered by one sentence that names the field and the remedy; nothing is done then."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.reconciliation.deletion_operators import (
    DecideOnDeletionsOperator,
    MarkProposedRowsOperator,
)
from megaplan_sync.reconciliation.operators import (
    ChooseReconciliationOperator,
    JudgeCertificatesOperator,
    PublishCertificatesOperator,
    ReconcileMegaplanOperator,
    RequireRawTablesOperator,
)
from tests.integration.airflow_runs import postgres_connection
from tests.integration.databases import EMPTY
from tests.integration.reconciliation.conftest import Reconcile

Sync = Callable[..., Any]


@pytest.fixture(autouse=True)
def _postgres_connection(database_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))


def choose(run_id: str = "manual", **parameters: Any) -> list[list[str]]:
    context: Any = {"run_id": run_id}
    return ChooseReconciliationOperator(task_id="choose_accounts", **parameters).execute(context)


def reconcile_accounts(accounts: list[str], run_id: str = "manual", **parameters: Any) -> None:
    operator = ReconcileMegaplanOperator(
        task_id="reconcile", accounts=accounts, outlets=RAW_TABLE_ALIASES, **parameters
    )
    context: Any = {"run_id": run_id, "outlet_events": OutletEventAccessors()}
    operator.execute(context)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"entities": ["deals", "leads"]},
            "entities: leads is not one of currencies.* Correct the parameter entities",
        ),
        ({"depth": "deep"}, "depth is 'deep': expected ids or full. Correct the parameter depth"),
        ({"accounts": ["other"]}, "accounts: other is not among the configured connections"),
    ],
    ids=str,
)
def test_parameters_that_make_no_sense(sync: Sync, parameters: dict[str, Any], message: str) -> None:
    sync("currencies")
    with pytest.raises(AirflowFailException, match=message):
        choose(**parameters)


@pytest.mark.parametrize(
    ("proposal", "message"),
    [
        (7, "there is no proposal 7. Waiting proposals: none. Correct the parameter"),
        (None, "proposal is None: expected the number of a deletion proposal"),
        ("seven", "proposal is 'seven': expected the number"),
        (True, "proposal is True: expected the number"),
        (-1, "proposal is -1: expected the number"),
        (10**12, "proposal is 1000000000000: expected the number"),
    ],
    ids=str,
)
def test_proposals_that_do_not_exist(sync: Sync, proposal: Any, message: str) -> None:
    sync("currencies")
    context: Any = {"run_id": "manual"}
    for operator in (
        DecideOnDeletionsOperator(task_id="decide", proposal=proposal),
        MarkProposedRowsOperator(task_id="mark_deleted", proposal=proposal),
    ):
        with pytest.raises(AirflowFailException, match=message):
            operator.execute(context)


@pytest.mark.parametrize(
    "table", ["megaplan_raw.deals", "megaplan_raw.certificates", "megaplan_sync.swept_rows"]
)
def test_a_table_that_is_missing(sync: Sync, database: Connection[Any], table: str) -> None:
    sync("currencies")
    database.execute(f"DROP TABLE {table} CASCADE")
    context: Any = {"run_id": "manual"}
    with pytest.raises(
        AirflowFailException, match=rf"Table {table} does not exist.*megaplan_deals_sync"
    ) as failed:
        RequireRawTablesOperator(task_id="require_raw_tables").execute(context)
    assert "full_refresh" in str(failed.value)
    (there,) = database.execute("SELECT to_regclass(%s)", (table,)).fetchone() or (1,)
    assert there is None, "created again, it would hide the loss"


@pytest.mark.parametrize("template", [EMPTY])
def test_tables_that_were_never_made(connect: Callable[..., str], database: Connection[Any]) -> None:
    connect()
    context: Any = {"run_id": "manual", "outlet_events": OutletEventAccessors()}
    with pytest.raises(AirflowFailException, match="run megaplan_deals_sync"):
        RequireRawTablesOperator(task_id="require_raw_tables").execute(context)
    publish = PublishCertificatesOperator(task_id="publish_certificates", outlets=RAW_TABLE_ALIASES)
    with pytest.raises(AirflowFailException, match="Run megaplan_deals_sync"):
        publish.execute(context)


@pytest.mark.parametrize("template", [EMPTY])
def test_an_account_that_was_never_loaded(
    sync: Sync, connect: Callable[..., str], database: Connection[Any]
) -> None:
    sync("currencies")
    reconcile_accounts(["megaplan_default"], entities=["currencies", "deals"], depth="ids")
    rows = database.execute(
        "SELECT entity, verdict, reason FROM megaplan_raw.certificates ORDER BY entity"
    ).fetchall()
    assert [row[:2] for row in rows] == [
        ("currencies", "proven"),
        ("deal_positions", "stopped"),
        ("deals", "stopped"),
    ]
    assert "let megaplan_deals_sync finish its first load" in rows[2][2]
    context: Any = {"run_id": "manual"}
    with pytest.raises(AirflowException, match=r"deals of .*: stopped"):
        JudgeCertificatesOperator(task_id="judge", accounts=[["megaplan_default"]]).execute(context)


def test_a_connection_that_cannot_log_in_is_certified_as_stopped(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = {**megaplan.connection(), "password": "wrong"}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(described))
    with pytest.raises(AirflowFailException, match="megaplan_default"):
        reconcile_accounts(["megaplan_default"], entities=["currencies", "deals"], depth="ids")
    rows = database.execute("SELECT DISTINCT verdict FROM megaplan_raw.certificates").fetchall()
    assert rows == [("stopped",)]
    (reasons,) = database.execute(
        "SELECT string_agg(doc, ' ') FROM megaplan_raw.certificates"
    ).fetchone() or ("",)
    assert "wrong" not in reasons.split(), "no certificate contains a password"

    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(megaplan.connection()))
    reconcile_accounts(["megaplan_default"], entities=["currencies", "deals"], depth="ids")
    rows = database.execute("SELECT DISTINCT verdict FROM megaplan_raw.certificates").fetchall()
    assert rows == [("proven",)], "the cleared task replaces its certificates"
