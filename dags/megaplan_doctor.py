"""### When it is red

A failed task is a diagnosis: there is at least one ERROR, and the error at the end names the first. XCom has
all findings as well: `return_value`, or `findings` if the task failed.

### По-русски

Проверяет всю настройку и говорит, что и в каком кабинете исправить. Красный запуск – это диагноз: ошибки названы в
логе `examine_accounts`.

### What moves

Nothing. The DAG checks connections, the rights of Megaplan's user, the application and its event streams, telephony
users and numbers, UIS's key, methods, points and numbers, mismatches, clocks, the request budget, Postgres and the
gateway. The log of `examine_accounts` lists the findings: OK, WARNING or ERROR, with what to do and who can do it.
One cause is one finding: docs/doctor.md lists wrong set-ups and what is found.

### When

Triggered by hand: after you have set something up, and whenever something seems wrong.

### The addresses for the cabinets

The console's page Set-up and the findings "webhooks of Megaplan" and "notifications of UIS" show them, with ••• in
place of the secret, which is `webhook_secret` of the connection that the line names; no log shows it.

### A rerun

A rerun is harmless. It takes about ten requests of the account's budget and up to nine to UIS, and ends
within seconds, also if somebody does not answer.

### Parameters (Trigger)

- `accounts` limits the run; empty means all. Example: `{"accounts": ["megaplan_default"]}`.
- `calibrate` finds out how the accounts behave where the vendors' documentation is silent, and stores it in
  `megaplan_sync.calibrations`; the other DAGs use it where a connection is silent. It takes twenty requests more.
- `write_probe`: id of a contact in Megaplan that is there for tests. A communication is made for it, compared and
  deleted; if deals are uploaded to UIS, so is a deal there.
- `record` names a folder: `record_traffic` writes an archive there with the requests of a first load and the answers,
  in which everything personal is replaced (docs/trace.md), for whoever looks into an oddity; `record_pages` limits it
  to the first pages of each list. Example: `{"record": "/opt/airflow/logs/traces"}`.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag

from megaplan_sync.doctor.operators import ExamineAccountsOperator
from megaplan_sync.doctor.record_operator import RecordTrafficOperator
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": OWNER,
        "retries": 1,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=1),
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=3),  # it examines in minutes, retries included
    deadline=run_deadline(timedelta(hours=1)),
    allowed_run_types=RUN_TYPES,
    description="Checks connections, rights, telephony and Postgres, and says what to change in which cabinet",
    dag_display_name="Doctor: what works and what does not",
    doc_md=__doc__,
    tags=["megaplan", "uis", "telephony"],
    params={
        "accounts": accounts_param(),
        "calibrate": Param(
            False,
            type="boolean",
            title="Find out how the accounts behave",
            description="Reads Megaplan and UIS in about twenty ways and stores what differs from what is assumed; "
            "the other DAGs use it where a connection is silent. Nothing is written there.",
        ),
        "write_probe": Param(
            "",
            type=["string", "integer", "null"],
            examples=["1000123"],
            title="Test contact for writes",
            description="Id of a contact in Megaplan that is there for tests: a communication is made for it, "
            "compared and deleted, and a deal in UIS if deals are uploaded. Leave it empty to write nothing.",
        ),
        "record": Param(
            None,
            type=["string", "null"],
            examples=["/opt/airflow/logs/traces", "s3://bucket/folder"],
            title="Record a trace into this folder",
            description="A folder that the workers share, or an address such as s3://bucket/folder. Empty: no trace.",
        ),
        "record_pages": Param(
            3,
            type="integer",
            minimum=1,
            maximum=100_000,
            examples=[3, 20, 1000],
            title="Pages of each list in the trace",
            description="How many pages of each list are read for the trace; more show more, and cost requests.",
        ),
    },
)
def megaplan_doctor() -> None:
    """Declare the tasks."""
    choose_accounts = ChooseMegaplanAccountsOperator(
        task_id="choose_accounts", accounts="{{ params.accounts }}"
    )
    ExamineAccountsOperator.partial(
        task_id="examine_accounts",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
        calibrate="{{ params.calibrate }}",
        write_probe="{{ params.write_probe }}",
    ).expand(accounts=choose_accounts.output)
    RecordTrafficOperator.partial(
        task_id="record_traffic",
        folder="{{ params.record or '' }}",
        most_pages="{{ params.record_pages }}",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)


megaplan_doctor()
