"""What a run reports: the report in the log, the asset event, the verdict of the last task."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.certificate import certificates_of
from megaplan_sync.kernel.certificate_report import report
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES, raw_table_alias
from megaplan_sync.reconciliation.deletion_operators import (
    DecideOnDeletionsOperator,
    MarkProposedRowsOperator,
)
from megaplan_sync.reconciliation.operators import (
    ChooseReconciliationOperator,
    JudgeCertificatesOperator,
    PublishCertificatesOperator,
    ReconcileMegaplanOperator,
)
from megaplan_sync.reconciliation.proposals import decide
from tests.integration.airflow_runs import postgres_connection
from tests.integration.reconciliation.counted import delete_deals, deleted_ids


class Run:
    """The tasks of one run of ``megaplan_reconciliation`` for deals, executed one after the other."""

    def __init__(self, run_id: str) -> None:
        self.events = OutletEventAccessors()
        context: Any = {"run_id": run_id, "outlet_events": self.events}
        self._context = context
        self.batches = ChooseReconciliationOperator(task_id="choose_accounts").execute(context)
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
def _surroundings(connect: Callable[..., str], database_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connect()
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))


def test_what_waits_is_published_and_turns_the_run_red_until_somebody_decides(
    megaplan: EmulatedMegaplan, database: Connection[Any], database_uri: str
) -> None:
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

    with pytest.raises(
        AirflowException, match=r"deals of .*Approve or reject proposal 1 under Required Actions"
    ):
        run.judge()

    with Session.open(database_uri) as connection:
        assert decide(connection, 1, "rejected", "admin")
    kept = Run("kept")
    kept.judge()
    (certificate,) = (each for each in kept.published if each["entity"] == "deals")
    assert (certificate["verdict"], certificate["unresolved"], certificate["kept"]) == ("unresolved", 30, 30)
    assert (
        'kept, since proposal 1 was rejected. To be asked again, trigger megaplan_deletions with {"proposal": 1}'
        in (certificate["reason"])
    )

    events = OutletEventAccessors()
    context: Any = {"run_id": "approval", "outlet_events": events}
    mark = MarkProposedRowsOperator(task_id="mark_deleted", proposal=1)
    with pytest.raises(AirflowSkipException, match="is rejected: no row is marked"):
        mark.execute(context)
    with Session.open(database_uri) as connection:
        assert decide(connection, 1, "approved", "admin"), "one may change one's mind"
        assert not decide(connection, 1, "rejected", "admin"), "until rows may have been marked"
    mark.execute(context)
    marked = dict(
        database.execute(
            "SELECT entity, deleted FROM megaplan_raw.certificates WHERE run_id = 'approval'"
        ).fetchall()
    )
    assert marked["deals"] == 30
    assert marked["deal_positions"] > 0, "positions go with their deals"
    assert events[raw_table_alias("deals")].asset_alias_events, "consumers of deals are notified as well"
    question = DecideOnDeletionsOperator(task_id="decide", proposal=1)
    word = "Proposal 1: 30 of 420 deals of .*: its rows are marked as deleted already."
    assert re.match(word, question.execute(context)), "nobody is asked about what is done"
    assert re.match(word, question.execute_complete(context, {"error_type": "timeout"}))
    answer = {
        "chosen_options": ["Reject"],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": {"id": "1", "name": "admin"},
    }
    assert re.match(word, question.execute_complete(context, answer)), "an answer that comes too late"
    Run("after").judge()


def test_an_approval_that_cannot_be_carried_out_now_is_repeated(
    megaplan: EmulatedMegaplan, database: Connection[Any], database_uri: str, connect: Callable[..., str]
) -> None:
    deals = delete_deals(megaplan, 30)
    Run("red")
    with Session.open(database_uri) as connection:
        decide(connection, 1, "approved", "admin")
    mark = MarkProposedRowsOperator(task_id="mark_deleted", proposal=1)
    context: Any = {"run_id": "approval", "outlet_events": OutletEventAccessors()}
    megaplan.control("mutate", {"op": "shrink_list", "count": 50, "seed": 4})
    with pytest.raises(
        AirflowException, match=r"is approved, but not all .*: Megaplan's list of deals"
    ) as failed:
        mark.execute(context)
    assert not isinstance(failed.value, AirflowFailException), "it is retried"
    megaplan.control("mutate", {"op": "shrink_list", "restore": True})

    connect(night_requests=12, page_size=50)  # too few for the list and thirty rows: the next night continues
    mark.execute({"run_id": "no requests left", "outlet_events": OutletEventAccessors()})
    assert deleted_ids(database) < set(deals)
    connect(deals_active=False)
    with pytest.raises(AirflowSkipException, match=r"deals_active of .* is off"):
        mark.execute(context)

    connect(night_requests=1)
    with pytest.raises(AirflowFailException, match="night_requests"):
        mark.execute(context)
    connect()
    mark.execute(context)
    assert deleted_ids(database) == set(deals)
    database.execute("UPDATE megaplan_sync.deletion_proposals SET state = 'approved', account = 'gone'")
    with pytest.raises(AirflowFailException, match="gone is not among the configured connections"):
        mark.execute(context)


def test_a_night_without_differences_tells_of_certificates_only() -> None:
    run = Run("green")
    run.judge()
    assert (run.event()["good"], run.event()["unresolved"], run.event()["repaired"]) == (True, 0, 0)
    others = [alias for alias in RAW_TABLE_ALIASES if alias != raw_table_alias("certificates")]
    assert not any(run.events[alias].asset_alias_events for alias in others)
