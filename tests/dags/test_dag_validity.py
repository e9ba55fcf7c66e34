"""Rules over all DAGs."""

import subprocess
import sys
import time
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

DAGS_FOLDER = Path(__file__).resolve().parents[2] / "dags"
DAG_IDS = {
    "megaplan_calls_push",
    "megaplan_deal_events",
    "megaplan_deals_sync",
    "megaplan_doctor",
    "megaplan_rebuild",
    "megaplan_reconciliation",
    "megaplan_telephony_sync",
    "uis_deals_upload",
}
BY_HAND_ONLY = {"megaplan_doctor", "megaplan_rebuild"}
"""DAGs that nothing starts but a person; every other one has a schedule."""
RUNS_AT_ONCE = {"megaplan_calls_push": 4, "megaplan_deal_events": 4}
"""DAGs of which several runs may work at once; every other one waits for itself."""


def parse() -> DagBag:
    return DagBag(dag_folder=DAGS_FOLDER)


@pytest.fixture(scope="module")
def dagbag() -> DagBag:
    return parse()


@pytest.fixture(params=sorted(DAG_IDS))
def dag(request: pytest.FixtureRequest, dagbag: DagBag) -> Any:
    return dagbag.dags[request.param]


def test_exactly_these_dags_and_no_error(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}
    assert set(dagbag.dags) == DAG_IDS
    assert {path.stem for path in DAGS_FOLDER.glob("*.py")} == DAG_IDS


def test_file_id_and_function_have_one_name(dag: DAG) -> None:
    source = Path(dag.fileloc)
    assert source == DAGS_FOLDER / f"{dag.dag_id}.py"
    assert f"\ndef {dag.dag_id}(" in source.read_text(encoding="utf-8")


def test_the_runbook_is_the_files_docstring(dag: DAG) -> None:
    source = Path(dag.fileloc).read_text(encoding="utf-8")
    assert dag.doc_md
    assert dag.doc_md.strip() in source
    for topic in ("What moves", "A rerun", "Parameters", "On failure"):
        assert topic in dag.doc_md


def test_schedule_is_written_out(dag: DAG) -> None:
    assert "\n    schedule=" in Path(dag.fileloc).read_text(encoding="utf-8")
    assert (dag.schedule is None) == (dag.dag_id in BY_HAND_ONLY)
    assert dag.catchup is False
    assert dag.max_active_runs == RUNS_AT_ONCE.get(dag.dag_id, 1)
    assert dag.start_date is not None
    assert dag.start_date.tzinfo is not None
    assert dag.start_date.tzinfo is not UTC, "a zone is chosen, not fallen back to"
    assert "megaplan" in dag.tags


def test_every_task_is_retried_and_says_so(dag: DAG) -> None:
    assert dag.task_dict
    for task in dag.tasks:
        assert (task.retries or 0) >= 1, task.task_id
        assert task.retry_delay.total_seconds() >= 30, task.task_id


def test_no_task_runs_without_end(dag: DAG) -> None:
    """A server that answers byte by byte, or a query that waits for a lock, would block all later runs."""
    for task in dag.tasks:
        assert task.execution_timeout is not None, task.task_id
        assert timedelta(minutes=10) <= task.execution_timeout <= timedelta(hours=6), task.task_id


def test_every_param_has_type_title_and_description(dag: DAG) -> None:
    assert dag.params
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.schema.get("type"), name
        assert param.schema.get("title"), name
        assert len(param.description or "") > 20, name
    dag.params.validate()


def test_runbook_names_every_param(dag: DAG) -> None:
    assert [name for name in dag.params if f"`{name}`" not in (dag.doc_md or "")] == []


_PARSE_WITHOUT_SOCKETS = """
import socket, sys
from airflow.dag_processing.dagbag import DagBag
def refuse(*args, **kwargs):
    raise AssertionError("a DAG file opened a socket")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
bag = DagBag(dag_folder=sys.argv[1])
print(sorted(bag.dags), bag.import_errors)
"""


def test_parsing_opens_no_connection() -> None:
    """No network, no database, no Variable: sockets and the metadata database are out of reach here."""
    done = subprocess.run(
        [sys.executable, "-c", _PARSE_WITHOUT_SOCKETS, str(DAGS_FOLDER)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == [f"{sorted(DAG_IDS)} {{}}"], done.stdout + done.stderr


def test_parsing_takes_well_under_a_second(dagbag: DagBag) -> None:
    """What the scheduler pays again and again, once Airflow is imported (``dagbag`` has done that here)."""
    assert dagbag.dags
    durations = []
    for _ in range(3):
        began = time.perf_counter()
        parse()
        durations.append(time.perf_counter() - began)
    assert min(durations) < 0.5
