"""Rules over all DAGs."""

import re
import subprocess
import sys
import time
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Asset, AssetAlias
from airflow.sdk.api.datamodels._generated import DagRunType

from megaplan_sync.kernel.dag_params import accounts_param

DAGS_FOLDER = Path(__file__).resolve().parents[2] / "dags"
DAG_IDS = {
    "megaplan_calls_push",
    "megaplan_deal_events",
    "megaplan_deals_sync",
    "megaplan_deletions",
    "megaplan_doctor",
    "megaplan_notices",
    "megaplan_rebuild",
    "megaplan_reconciliation",
    "megaplan_telephony_sync",
    "uis_deals_upload",
}
OWNER = "megaplan-integration"
SHOWN = {
    "megaplan_calls_push": ("UIS → Megaplan: calls and recordings", OWNER, {"megaplan", "uis", "telephony"}),
    "megaplan_deal_events": ("Megaplan → Postgres: changes by webhook", OWNER, {"megaplan", "postgres"}),
    "megaplan_deals_sync": ("Megaplan → Postgres: deals and contacts", OWNER, {"megaplan", "postgres"}),
    "megaplan_deletions": (
        "Megaplan → Postgres: decide on vanished rows",
        OWNER,
        {"megaplan", "postgres"},
    ),
    "megaplan_doctor": ("Doctor: what works and what does not", OWNER, {"megaplan", "uis", "telephony"}),
    "megaplan_notices": ("Notices about Megaplan", OWNER, {"megaplan", "notices"}),
    "megaplan_rebuild": ("Postgres: rebuild the raw tables", OWNER, {"megaplan", "postgres"}),
    "megaplan_reconciliation": (
        "Megaplan ↔ Postgres: nightly reconciliation",
        OWNER,
        {"megaplan", "postgres"},
    ),
    "megaplan_telephony_sync": (
        "Megaplan ↔ UIS: telephony users",
        OWNER,
        {"megaplan", "uis", "telephony", "postgres"},
    ),
    "uis_deals_upload": ("Megaplan → UIS: deals", OWNER, {"megaplan", "uis", "deals"}),
}
"""Display name, owner and tags of each."""
BY_HAND_ONLY = {"megaplan_deletions", "megaplan_doctor", "megaplan_rebuild"}
"""DAGs that nothing starts but a person, or another DAG; every other one has a schedule."""
RUNS_AT_ONCE = {"megaplan_calls_push": 4, "megaplan_deal_events": 4, "megaplan_deletions": 1000}
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
    topics = re.findall(r"^### (.*)$", dag.doc_md, re.MULTILINE)
    assert dag.doc_md.startswith("### When it is red\n"), "it is opened when something is wrong"
    assert topics[:3] == ["When it is red", "По-русски", "What moves"]
    assert {"A rerun", "Parameters (Trigger)"} <= set(topics)
    russian = dag.doc_md.split("### По-русски")[1].split("###")[0]
    assert len(re.findall("[а-яё]", russian)) > 80


def test_people_see_what_a_dag_does_and_whose_it_is(dag: DAG) -> None:
    display_name, owner, tags = SHOWN[dag.dag_id]
    assert (dag.dag_display_name, dag.owner, dag.tags) == (display_name, owner, tags)
    assert 40 <= len(dag.description or "") <= 110, "the list shows it in one line"
    assert {task.owner for task in dag.tasks} == {owner}


def test_backfills_are_refused(dag: DAG) -> None:
    """A run works on the current state: runs for past dates would repeat it."""
    assert dag.allowed_run_types == {kind for kind in DagRunType if kind != DagRunType.BACKFILL}


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


def test_no_run_blocks_the_next_one_for_ever(dag: DAG) -> None:
    if dag.dag_id == "megaplan_deletions":
        assert dag.dagrun_timeout is None, "a person may take a week, and no other run waits for it"
        return
    assert dag.dagrun_timeout is not None
    longest = max(task.execution_timeout for task in dag.tasks if task.execution_timeout)
    assert 2 * longest < dag.dagrun_timeout < timedelta(days=1)


def test_a_run_that_takes_too_long_is_told(dag: DAG) -> None:
    if dag.dag_id in ("megaplan_deletions", "megaplan_notices"):
        assert not dag.deadline, "one waits for a person, the other one tells"
        return
    (deadline,) = dag.deadline
    assert deadline.callback.path == "megaplan_sync.kernel.incidents.record_late_run"
    assert timedelta(minutes=30) < deadline.interval < dag.dagrun_timeout
    hours = int(deadline.interval.total_seconds() / 3600)
    documented = (DAGS_FOLDER.parent / "docs" / "notices.md").read_text(encoding="utf-8")
    assert f"| `{dag.dag_id}` | {hours} h |" in documented


def test_forms_offer_choices_or_examples_and_no_json_editor(dag: DAG) -> None:
    for name in dag.params:
        schema = dag.params.get_param(name).schema
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert "object" not in kinds, name
        if schema.get("enum"):
            assert set(schema["values_display"]) == set(schema["enum"]), name
        elif kinds != ["boolean"]:
            assert schema["examples"], name
        if kinds[0] == "array":
            assert schema["items"]["type"] == "string", "any other list is edited as JSON"
            assert list(schema["values_display"]) == schema["examples"], name


def test_the_form_offers_the_accounts_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_default", "megaplan_second"]')
    for dag in parse().dags.values():
        if "accounts" not in dag.params:
            assert dag.dag_id in ("megaplan_deletions", "megaplan_notices")
            continue
        assert dag.params.get_param("accounts").schema["examples"] == ["megaplan_default", "megaplan_second"]


@pytest.mark.parametrize("value", [None, "no JSON"], ids=["no database", "no list"])
def test_a_dag_parses_without_a_readable_variable(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here is no metadata database. What is wrong with the Variable, the run says."""
    if value is not None:
        monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", value)
    assert accounts_param().schema["examples"] == ["megaplan_default"]


def test_a_task_does_not_read_the_variable_for_a_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_second"]')
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "megaplan_deals_sync")
    assert accounts_param().schema["examples"] == ["megaplan_default"]


def test_every_param_has_type_title_and_description(dag: DAG) -> None:
    assert dag.params or dag.dag_id == "megaplan_notices"
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
    """A DAG parses without network and database: sockets and the metadata database are out of reach here."""
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
        began = time.process_time()
        parse()
        durations.append(time.process_time() - began)
    assert min(durations) < 0.5


STORY = {
    ("megaplan_deals_sync", "Megaplan: deals, contacts, employees", "Postgres: megaplan_raw"),
    ("megaplan_deal_events", "Megaplan: deals, contacts, employees", "Postgres: megaplan_raw"),
    ("megaplan_reconciliation", "Megaplan: deals, contacts, employees", "Postgres: megaplan_raw"),
    ("megaplan_reconciliation", "UIS: calls and recordings", "Postgres: telephony"),
    ("megaplan_reconciliation", "Megaplan: calls and communications", "Postgres: telephony"),
    ("megaplan_reconciliation", "UIS: calls and recordings", "Megaplan: calls and communications"),
    ("megaplan_reconciliation", "Megaplan: calls and communications", "Megaplan: calls and communications"),
    ("megaplan_rebuild", "Postgres: megaplan_raw", "Postgres: megaplan_raw"),
    ("megaplan_telephony_sync", "Megaplan: deals, contacts, employees", "Postgres: telephony"),
    ("megaplan_telephony_sync", "UIS: employees and numbers", "Postgres: telephony"),
    ("uis_deals_upload", "Postgres: megaplan_raw", "UIS: deals"),
    ("megaplan_calls_push", "Postgres: telephony", "Megaplan: calls and communications"),
    ("megaplan_calls_push", "UIS: calls and recordings", "Megaplan: calls and communications"),
}
"""Which DAG brings data from where to where."""


def test_the_asset_graph_tells_where_data_come_from_and_go_to(dagbag: DagBag) -> None:
    tasks = [(dag_id, task) for dag_id, dag in dagbag.dags.items() for task in dag.tasks]
    told = {
        (dag_id, source.name, target.name)
        for dag_id, task in tasks
        for source in task.inlets
        for target in task.outlets
        if isinstance(source, Asset) and isinstance(target, Asset)
    }
    assert told == STORY
    for _, task in tasks:
        for asset in [*task.inlets, *task.outlets]:
            assert isinstance(asset, AssetAlias) or asset.group in {"megaplan", "postgres", "uis"}, asset.name
