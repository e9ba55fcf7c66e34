"""A night whose hour is spent waits without a worker, and goes on where it was."""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.reconciliation.operators import ReconcileMegaplanOperator
from tests.integration.airflow_runs import postgres_connection

RUN = "scheduled__night"


class Events(list[Any]):
    """Collects the asset events of a table."""

    def add(self, asset: Any, extra: Any) -> None:
        self.append(extra)


@pytest.fixture
def template(loaded_template: str) -> str:
    """These tests begin with a loaded account."""
    return loaded_template


def verdicts(database: Connection[Any]) -> set[str]:
    rows = database.execute("SELECT verdict FROM megaplan_raw.certificates WHERE run_id = %s", (RUN,))
    return {verdict for (verdict,) in rows}


def deferral(work: Callable[..., None], context: Any, arguments: dict[str, Any]) -> TaskDeferred | None:
    """Work; return with what the task defers, None if it has ended."""
    try:
        work(context, **arguments)
    except TaskDeferred as deferred:
        return deferred
    return None


def test_a_night_whose_hour_is_spent_waits_without_a_worker(
    megaplan: EmulatedMegaplan,
    database: Connection[Any],
    database_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It slept in its worker slot; nights of 1000 requests instead of 3000 would be the other way to be wrong."""
    few = {"requests_per_hour": 15, "requests_per_second": 1000, "page_size": 20}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(megaplan.connection(**few)))
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    stale = database.execute(
        'UPDATE megaplan_raw.deals SET payload = payload || \'{"name": "by hand"}\' WHERE id % 7 = 0'
    ).rowcount
    operator = ReconcileMegaplanOperator(task_id="reconcile", accounts=["megaplan_default"])
    context: Any = {"run_id": RUN, "outlet_events": defaultdict(Events)}
    work, arguments, waits = operator.execute, dict[str, Any](), 0
    while (deferred := deferral(work, context, arguments)) is not None:
        waits += 1
        assert waits < 20
        assert not context["outlet_events"], "asset events of a deferred task are lost"
        assert deferred.trigger.moment.timestamp() - time.time() < 3700  # type: ignore[attr-defined]
        assert "partial" in verdicts(database)
        work = getattr(operator, deferred.method_name)
        arguments = {"event": None, **(deferred.kwargs or {})}
        database.execute(
            "UPDATE megaplan_sync.request_budgets SET minutes = ARRAY(SELECT unnest(minutes) - 61)"
        )
    assert waits >= 2
    assert verdicts(database) == {"proven"}
    (deals,) = next(events for name, events in context["outlet_events"].items() if "deals" in str(name))
    assert deals["repaired"] == stale > 0


def test_nothing_waits_when_the_night_is_over(
    megaplan: EmulatedMegaplan,
    database: Connection[Any],
    database_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = {"requests_per_hour": 5, "requests_per_second": 1000}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(megaplan.connection(**few)))
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    operator = ReconcileMegaplanOperator(task_id="reconcile", accounts=["megaplan_default", "missing"])
    context: Any = {"run_id": RUN, "outlet_events": defaultdict(Events)}
    operator.resume(context, None, ["megaplan_default"], time.time() + 600)
    assert "partial" in verdicts(database)
