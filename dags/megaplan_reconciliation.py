"""### When it is red

`fail_when_unresolved` fails if anything is unresolved; its error names the table, the number of the proposal and
the remedy. `reconcile` fails if an account could not be compared: correct the connection as its error says, then
clear the task. The same applies to `reconcile_calls`, `forget_old_calls` and `delete_old_rows`. Postgres, Megaplan
or UIS is down: retried twice.

### По-русски

Каждую ночь сверяет таблицы с Мегапланом, чинит расхождения и выдаёт сертификаты. Если запуск красный: ошибка задачи
называет таблицу, причину и что сделать; остальные аккаунты сверены.

### What moves

Every night each account's tables in `megaplan_raw` are compared with Megaplan. Missing and stale rows are fetched,
rows that are gone are marked with evidence, and the result is certified: one row per account and table in
`megaplan_raw.certificates` (same, missing, stale, extra, repaired, deleted, unresolved, requests, duration,
watermark). The report is in the log of `publish_certificates` and in the asset event `megaplan_raw_certificates`.

### How

Rows are first compared with their own payload, which finds changes made by hand in Postgres. Then every id of deals
and contacts is read from Megaplan and compared in SQL; employees, pipelines and directories are read completely. A
vanished row is requested by id: after a 404 it is marked (`deleted_at`, `deletion_evidence`) and stays. If more rows
vanish at once than the connection's *deletion_brake* allows (1 %, at least 20), none is marked: `ask_about_deletions`
starts a run of `megaplan_deletions`, which waits for a person under *Required Actions*, while other accounts and
later nights continue. If the user has lost rights, or works in another department, the question says so, even if only
a few rows vanish; approving it also accepts the user's rights.

Accounts with *telephony_active* also get a certificate of `calls`: UIS's report of calls, the outbox and Megaplan's
calls are compared for the last days. Calls that never arrived as an event are stored and delivered; calls
that Megaplan has lost are delivered again.

Afterwards `forget_old_calls` deletes calls older than the connection's *keep_telephony_days*, with everything
received about them, once they are in Megaplan and compared; without that setting calls are kept. It also deletes
processed webhooks and other messages older than *keep_messages_days* (30). `delete_old_rows` deletes certificates
older than *keep_certificates_days* (365, but never the newest of a table), versions of deals that ended more than
*keep_versions_days* ago (empty: none), and notes of nights older than 30 days.

### A rerun

A rerun is harmless at any time. The retry of a killed run continues after its last page; there is one certificate per
run. If the requests of the hour are spent, `reconcile` is deferred until there are some again, for four hours at
most. If *night_requests* are spent, the certificate says *partial*, and the comparison continues next night.

### Parameters (Trigger)

`accounts` and `entities` limit the run; empty means all. `calls_since` compares calls from an earlier day on.
`depth`: `full` compares the complete content of deals and contacts, including line items and contact points, which do
not update Megaplan's change time; `ids` compares ids and change times. Both cost one request per hundred rows.
`acknowledge_unreadable`: rows that cannot be stored (`megaplan_raw.unreadable_rows`) fail the run until somebody
acknowledges them with this, or they can be stored.

### What it does not protect from

Fields that Megaplan hides from the connection's user, and entities without a table (tasks, comments, files).
"""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, TriggerRule, dag

from megaplan_sync.kernel.assets import (
    MEGAPLAN_CALLS,
    MEGAPLAN_RECORDS,
    RAW_TABLES,
    TELEPHONY_TABLES,
    UIS_CALLS,
)
from megaplan_sync.kernel.certificate import CALLS
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param, entities_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES, raw_table_alias
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.reconciliation.deletion_operators import DELETIONS_DAG_ID, FindWaitingProposalsOperator
from megaplan_sync.reconciliation.operators import (
    DEPTHS,
    ChooseReconciliationOperator,
    JudgeCertificatesOperator,
    PublishCertificatesOperator,
    ReconcileMegaplanOperator,
    RequireRawTablesOperator,
)
from megaplan_sync.reconciliation.retention_operator import DeleteOldRowsOperator
from megaplan_sync.telephony.night.operators import ReconcileCallsOperator
from megaplan_sync.telephony.retention.operators import ForgetOldCallsOperator


@dag(
    schedule="30 2 * * *",  # night in Moscow: nobody works, and the hour's requests are free
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # it compares the current state, so a missed night need not be repeated
    max_active_runs=1,
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=6),
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=20),  # it must end before the next night begins
    deadline=run_deadline(timedelta(hours=8)),
    allowed_run_types=RUN_TYPES,
    description="Compares the tables with Megaplan and Megaplan's calls with UIS, repairs, issues certificates",
    dag_display_name="Megaplan ↔ Postgres: nightly reconciliation",
    doc_md=__doc__,
    tags=["megaplan", "postgres"],
    params={
        "accounts": accounts_param(),
        "entities": entities_param([*ALL_ENTITIES, CALLS]),
        "calls_since": Param(
            None,
            type=["null", "string"],
            format="date",
            examples=["2026-01-31"],
            title="Calls since",
            description="First day whose calls are compared; empty: as far back as earlier nights left open.",
        ),
        "depth": Param(
            "full",
            type="string",
            enum=list(DEPTHS),
            values_display={"full": "full – complete content", "ids": "ids – ids and change times only"},
            title="Depth",
            description="full: complete content; ids: ids and change times of deals and contacts only.",
        ),
        "acknowledge_unreadable": Param(
            False,
            type="boolean",
            title="Acknowledge unreadable rows",
            description="Acknowledge these accounts' rows in megaplan_raw.unreadable_rows: runs succeed again.",
        ),
    },
)
def megaplan_reconciliation() -> None:
    """Declare the tasks."""
    require_raw_tables = RequireRawTablesOperator(task_id="require_raw_tables")
    choose_accounts = ChooseReconciliationOperator(
        task_id="choose_accounts",
        accounts="{{ params.accounts }}",
        entities="{{ params.entities }}",
        depth="{{ params.depth }}",
        acknowledge_unreadable="{{ params.acknowledge_unreadable }}",
    )
    reconcile = ReconcileMegaplanOperator.partial(
        task_id="reconcile",
        inlets=[MEGAPLAN_RECORDS],
        outlets=[RAW_TABLES, *RAW_TABLE_ALIASES],
        entities="{{ params.entities }}",
        depth="{{ params.depth }}",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    reconcile_calls = ReconcileCallsOperator.partial(
        task_id="reconcile_calls",
        inlets=[UIS_CALLS, MEGAPLAN_CALLS],
        outlets=[TELEPHONY_TABLES, MEGAPLAN_CALLS],
        entities="{{ params.entities }}",
        since="{{ params.calls_since }}",
        depth="{{ params.depth }}",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    forget_old_calls = ForgetOldCallsOperator(
        task_id="forget_old_calls",
        accounts=choose_accounts.output,
        trigger_rule=TriggerRule.ALL_DONE,  # it checks by itself what has been compared
    )
    delete_old_rows = DeleteOldRowsOperator(
        task_id="delete_old_rows",
        accounts=choose_accounts.output,
        trigger_rule=TriggerRule.ALL_DONE,  # also if an account could not be compared
    )
    publish_certificates = PublishCertificatesOperator(
        task_id="publish_certificates",
        outlets=[raw_table_alias("certificates")],
        trigger_rule=TriggerRule.ALL_DONE,  # also if another account failed
    )
    fail_when_unresolved = JudgeCertificatesOperator(
        task_id="fail_when_unresolved", accounts=choose_accounts.output, entities="{{ params.entities }}"
    )
    find_proposals = FindWaitingProposalsOperator(
        task_id="find_proposals",
        trigger_rule=TriggerRule.ALL_DONE,  # also if another account failed
    )
    ask_about_deletions = TriggerDagRunOperator.partial(
        task_id="ask_about_deletions",
        trigger_dag_id=DELETIONS_DAG_ID,
        logical_date=None,
        reset_dag_run=True,  # a run that has ended without a decision asks again
        map_index_template="proposal {{ task.conf.proposal }}",
    ).expand_kwargs(find_proposals.output)
    (
        require_raw_tables
        >> choose_accounts
        >> [reconcile, reconcile_calls]
        >> publish_certificates
        >> fail_when_unresolved
    )
    reconcile_calls >> forget_old_calls
    reconcile >> delete_old_rows
    reconcile >> find_proposals >> ask_about_deletions


megaplan_reconciliation()
