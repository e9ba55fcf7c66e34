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
from megaplan_sync.reconciliation.operators import (
    ChooseReconciliationOperator,
    JudgeCertificatesOperator,
    PublishCertificatesOperator,
    ReconcileMegaplanOperator,
    RequireRawTablesOperator,
)
from tests.integration.airflow_runs import postgres_connection
from tests.integration.conftest import DEALS
from tests.integration.databases import EMPTY
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.counted import counted, delete_deals, gone, proposals

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
        ({"approve_deletions": 7}, "there is no proposal 7. Waiting proposals: none. Correct the parameter"),
        ({"approve_deletions": [7, "8"]}, "there is no proposal 7, 8"),
        ({"approve_deletions": "seven"}, "approve_deletions is 'seven': expected the number of a proposal"),
        ({"approve_deletions": -1}, "approve_deletions is -1: expected the number"),
        ({"approve_deletions": True}, "approve_deletions is True: expected the number"),
        ({"approve_deletions": 1.5}, "approve_deletions is 1.5: expected the number"),
        ({"approve_deletions": 10**12}, "approve_deletions is 1000000000000: expected the number"),
        ({"approve_deletions": [[1]]}, "expected the number of a proposal"),
    ],
    ids=str,
)
def test_parameters_that_make_no_sense(sync: Sync, parameters: dict[str, Any], message: str) -> None:
    sync("currencies")
    with pytest.raises(AirflowFailException, match=message):
        choose(**parameters)


def test_numbers_of_proposals_that_wait_no_more(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    deals = delete_deals(megaplan, 30)
    loaded("deals")
    with pytest.raises(AirflowFailException, match=r"no proposal 2. Waiting proposals: 1: 30 of 420 deals"):
        choose(approve_deletions=[1, 2])
    assert proposals(database)[0][2] == "open", "one wrong number approves none of the others"

    assert choose(run_id="approval", approve_deletions="1") == [["megaplan_default"]]
    certificate = loaded("deals", run_id="approval")["deals"]
    assert counted(certificate) == gone(DEALS, 30)
    assert choose(run_id="approval", approve_deletions=1), "the same run may be retried"
    with pytest.raises(AirflowFailException, match="proposal 1 was carried out by an earlier run"):
        choose(run_id="another", approve_deletions=1)

    megaplan.control("mutate", {"op": "restore_deals", "ids": deals})
    loaded("deals")
    back = delete_deals(megaplan, 25, seed=5)
    loaded("deals")
    megaplan.control("mutate", {"op": "restore_deals", "ids": back})
    loaded("deals")
    with pytest.raises(AirflowFailException, match="proposal 2 was withdrawn: its rows are back"):
        choose(approve_deletions=2)


def test_an_approval_looks_at_the_accounts_of_its_proposals_only(
    loaded: Reconcile,
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete_deals(megaplan, 30)
    loaded("deals")
    connect("second")
    described = {**megaplan.connection(), "host": "http://localhost"}
    monkeypatch.setenv("AIRFLOW_CONN_SECOND", json.dumps(described))
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_default", "second"]')
    assert choose(approve_deletions=1) == [["megaplan_default"]]
    assert choose() != [["megaplan_default"]]


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
