"""What a run reports: the report in the log, the asset event, the trigger form, the verdict of the last task."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from airflow.sdk.execution_time.context import OutletEventAccessors
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.certificate import certificates_of
from megaplan_sync.kernel.certificate_report import report
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES, raw_table_alias
from megaplan_sync.reconciliation.operators import (
    ChooseReconciliationOperator,
    JudgeCertificatesOperator,
    PublishCertificatesOperator,
    ReconcileMegaplanOperator,
)
from megaplan_sync.reconciliation.proposal_notice import waiting_proposals_for_the_form
from tests.integration.airflow_runs import postgres_connection
from tests.integration.reconciliation.counted import delete_deals


class Run:
    """The tasks of one run of ``megaplan_reconciliation`` for deals, executed one after the other."""

    def __init__(self, run_id: str, approve_deletions: int | None = None) -> None:
        self.events = OutletEventAccessors()
        context: Any = {"run_id": run_id, "outlet_events": self.events}
        self._context = context
        self.batches = ChooseReconciliationOperator(
            task_id="choose_accounts", approve_deletions=approve_deletions
        ).execute(context)
        for accounts in self.batches:
            ReconcileMegaplanOperator(
                task_id="reconcile", accounts=accounts, entities=["deals"], depth="ids"
            ).execute(context)
        self.published = PublishCertificatesOperator(task_id="publish_certificates").execute(context)

    def event(self) -> Any:
        """Return what the asset event of the certificates says."""
        (event,) = self.events[raw_table_alias("certificates")].asset_alias_events
        return event.extra

    def judge(self) -> None:
        JudgeCertificatesOperator(task_id="fail_when_unresolved", accounts=self.batches).execute(
            self._context
        )


@pytest.fixture(autouse=True)
def _surroundings(
    connect: Callable[..., str], database_uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connect()
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    monkeypatch.setenv("MEGAPLAN_NOTICE_FOLDER", str(tmp_path))


def test_what_waits_is_published_and_then_turns_the_run_red(
    megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    assert waiting_proposals_for_the_form() == "None is waiting."
    delete_deals(megaplan, 30)
    run = Run("red")
    account = megaplan.url.removeprefix("http://")
    lines = report(certificates_of(database, "red")).splitlines()  # which the task logs line by line
    assert f"Account {account}: 0 missing, 0 stale, 30 extra, 0 repaired, 0 deleted, 30 unresolved" in lines
    assert any(
        line.split()[:9] == ["deals", "unresolved", "390", "420", "390", "0", "0", "30", "0"]
        for line in lines
    )
    assert any(line.startswith(f"deals of {account}: 30 of 420 deals vanished at once") for line in lines)

    event = run.event()
    assert (event["good"], event["unresolved"], event["deleted"]) == (False, 30, 0)
    assert event["certificates"] == run.published
    assert {each["entity"] for each in event["certificates"]} == {"deals", "deal_positions"}
    (doc,) = database.execute(
        "SELECT doc FROM megaplan_raw.certificates WHERE run_id = 'red' AND entity = 'deals'"
    ).fetchone() or ("",)
    assert "| 390 | 0 | 0 | 30 | 0 | 0 | 30 |" in doc
    assert "390 in Megaplan, 420 in the table" in doc

    form = waiting_proposals_for_the_form()
    assert form == f"Waiting: 1: 30 of 420 deals of {account} (deletion)."
    with pytest.raises(AirflowException, match=r'deals of .*Proposal 1.*\{"approve_deletions": 1\}'):
        run.judge()

    approval = Run("approval", approve_deletions=1)
    approved = approval.event()
    deleted = {each["entity"]: each["deleted"] for each in approved["certificates"]}
    assert approved["good"]
    assert deleted["deals"] == 30
    assert approved["deleted"] == sum(deleted.values()) > 30, "positions go with their deals"
    approval.judge()
    assert waiting_proposals_for_the_form() == "None is waiting."
    assert approval.events[raw_table_alias("deals")].asset_alias_events, (
        "consumers of deals are notified as well"
    )


def test_a_night_without_differences_tells_of_certificates_only() -> None:
    run = Run("green")
    run.judge()
    assert (run.event()["good"], run.event()["unresolved"], run.event()["repaired"]) == (True, 0, 0)
    others = [alias for alias in RAW_TABLE_ALIASES if alias != raw_table_alias("certificates")]
    assert not any(run.events[alias].asset_alias_events for alias in others)
