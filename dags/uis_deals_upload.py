"""### When it is red

The first line of the error names the field and the remedy; the other accounts were processed. If `upload_deals`
failed, UIS cannot be used (key, rights, tariff, limits); nothing is lost, the next run continues. If `report_upload`
failed, something failed in this run, or the report does not show what was sent; its log and the view `uis.failed` say
what and why. Used-up points of the cabinet are not a failure: the certificate says *partial*, and later runs
continue.

### По-русски

Загружает сделки в «Сырые данные → Сделки» UIS. Если запуск красный: ошибка задачи называет поле и что сделать;
ничего не потеряно. Когда причина устранена, запустите DAG с `resend_failed`.

### What moves

Deals of the accounts whose connection names a cabinet (*uis_conn_id*) and has *deals_to_uis* on: from the raw tables
to "Raw data → Deals" of UIS, with funnels, stages, contacts, responsible managers, sums, and user fields for what UIS
has no column for. docs/uis-deals.md lists which field becomes which column, and what UIS cannot store.

### When

As soon as `megaplan_deals_sync` publishes changed deals, and every hour, since asset events may get lost, and changed
contacts or pipelines do not start a run.

### How

`upload_deals` sends what UIS lacks or has in another state, according to the ledger (schema `uis`): funnels, user
fields, employees, contacts, then deals, up to 1000 at once. `wait_for_processing` waits, without a worker, until UIS
has processed them. `verify_deals` looks them up in the report and writes the certificate
(`megaplan_raw.certificates`, entity `uis_deals`). It compares every column, and reads back what deals refer to.
`report_upload` logs it, with everything that failed, why, and who can mend it: `wait` (it is retried by itself),
`mend in Megaplan`, `mend in UIS` or `ours`.

### A rerun

A rerun is harmless at any time, and so is a killed run: the content of a request is saved before it is sent, and read
back from UIS if its outcome is unknown. Unchanged deals are not sent again. What UIS shows otherwise than it was sent
is sent once more.

### Parameters (Trigger)

`accounts` limits the run; empty means all. `since` limits it to deals changed since then. `full` reads back
everything that UIS has and sends what differs, instead of relying on the ledger. `resend_failed` tries everything
again that was refused, once the cause is removed. Example: `{"accounts": ["megaplan_default"], "resend_failed":
true}`.
"""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, dag

from megaplan_sync.kernel.assets import RAW_TABLES, UIS_DEALS
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.assets import raw_table_alias
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.uis_upload.operators import (
    DealsProcessedSensor,
    DealsToUisOperator,
    PrepareUploadTablesOperator,
    ReportUploadOperator,
    VerifyUisDealsOperator,
)


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("40 * * * *", timezone="Europe/Moscow"),  # between two syncs
        assets=raw_table_alias("deals"),
    ),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run sends everything that UIS lacks, however old
    max_active_runs=1,
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=3),
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=12),  # what is left is the next run's
    deadline=run_deadline(timedelta(hours=6)),
    allowed_run_types=RUN_TYPES,
    description="Uploads deals to Raw data → Deals of UIS for end-to-end analytics, as soon as they change",
    dag_display_name="Megaplan → UIS: deals",
    doc_md=__doc__,
    tags=["megaplan", "uis", "deals"],
    params={
        "accounts": accounts_param(),
        "since": Param(
            None,
            type=["string", "null"],
            examples=["2026-01-31", "2026-01-31T09:30:00+03:00"],
            title="Changed since",
            description="A date or time, such as 2026-01-31; older changes are ignored. Empty means no limit.",
        ),
        "full": Param(
            False,
            type="boolean",
            title="Compare with UIS itself",
            description="Read back everything that UIS has, and send what differs. Equal deals are not sent.",
        ),
        "resend_failed": Param(
            False,
            type="boolean",
            title="Send failed items again",
            description="Try everything again that was refused, once the cause is removed.",
        ),
    },
)
def uis_deals_upload() -> None:
    """Declare the tasks."""
    prepare_tables = PrepareUploadTablesOperator(task_id="prepare_tables")
    choose_accounts = ChooseMegaplanAccountsOperator(
        task_id="choose_accounts", accounts="{{ params.accounts }}"
    )
    upload_deals = DealsToUisOperator.partial(
        task_id="upload_deals",
        inlets=[RAW_TABLES],
        outlets=[UIS_DEALS],
        since="{{ params.since or '' }}",
        full="{{ params.full }}",
        resend_failed="{{ params.resend_failed }}",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    wait_for_processing = DealsProcessedSensor(
        task_id="wait_for_processing",
        accounts=choose_accounts.output,
        trigger_rule="all_done",  # one account's failure must not keep the others from being verified
    )
    verify_deals = VerifyUisDealsOperator.partial(
        task_id="verify_deals",
        trigger_rule="all_done",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    report_upload = ReportUploadOperator(
        task_id="report_upload",
        accounts=choose_accounts.output,
        outlets=[raw_table_alias("certificates")],
        trigger_rule="all_done",
    )
    # without it a run would count as good when the report is written although an upload failed
    all_uploaded = EmptyOperator(task_id="all_uploaded", trigger_rule="none_failed")
    prepare_tables >> choose_accounts >> upload_deals >> wait_for_processing >> verify_deals >> report_upload
    [upload_deals, verify_deals, report_upload] >> all_uploaded


uis_deals_upload()
