"""A run with nothing to push costs one task, and one with anything pushes."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped
from psycopg import Connection

from megaplan_sync.telephony.push.operators import PushNewCallsOperator, RecordingSensor
from tests.integration.airflow_runs import postgres_connection

WAITING = {
    "an event": """INSERT INTO telephony.events (account, source, dedupe_key, body, call_session_id)
        VALUES ('mp1', 'uis_notification', 'x', '', 7)""",
    "a call that was never planned": """INSERT INTO telephony.calls
        (account, call_session_id, direction, outcome, is_finished) VALUES ('mp1', 7, 'in', 'answered', true)""",
    "a recording in four minutes": """INSERT INTO telephony.call_deliveries
        (account, call_session_id, stage, step, state, due_at)
        VALUES ('mp1', 7, 'recording', 2, 'waiting', now() + interval '4 minutes')""",
}
LATER = """INSERT INTO telephony.call_deliveries (account, call_session_id, stage, step, state, due_at) VALUES
    ('mp1', 8, 'recording', 2, 'waiting', now() + interval '1 hour'), ('mp1', 9, 'history', 1, 'parked', now())"""


@pytest.fixture
def template(prepared_template: str) -> str:
    """Tests start with all tables, empty."""
    return prepared_template


@pytest.fixture
def push(database_uri: str, monkeypatch: pytest.MonkeyPatch) -> PushNewCallsOperator:
    """The first task of the DAG, with others after it; its account has no telephony."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    monkeypatch.setenv(
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT", '{"conn_type": "megaplan", "host": "mp1.megaplan.ru"}'
    )
    with DAG("push", schedule=None):
        first = PushNewCallsOperator(task_id="push_new_calls")
        (
            first
            >> EmptyOperator(task_id="push_calls")
            >> EmptyOperator(task_id="the_rest", trigger_rule="all_done")
        )
    return first


def context_of(run_type: str) -> Any:
    return {"dag_run": SimpleNamespace(run_type=run_type)}


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered"])
def test_nothing_to_push_skips_all_other_tasks(
    push: PushNewCallsOperator, database: Connection[Any], run_type: str
) -> None:
    database.execute(LATER)
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        push.execute(context_of(run_type))
    assert skipped.value.tasks == ["push_calls", "the_rest"], "also what runs whatever happens before it"


@pytest.mark.parametrize("waiting", WAITING)
def test_anything_that_waits_is_pushed(
    push: PushNewCallsOperator, database: Connection[Any], waiting: str
) -> None:
    database.execute(WAITING[waiting])
    assert push.execute(context_of("scheduled")) == 0


def test_a_run_started_by_hand_does_all_its_tasks(push: PushNewCallsOperator) -> None:
    assert push.execute(context_of("manual")) == 0, (
        "it may resend calls, and shows what is wrong with accounts"
    )


def test_nothing_is_waited_for_if_the_accounts_could_not_be_chosen() -> None:
    """The sensor runs although an earlier task has failed, and said that NoneType is not iterable."""
    with pytest.raises(AirflowSkipException, match="an earlier task has failed"):
        RecordingSensor(task_id="wait_for_recordings", accounts=None).execute({})
