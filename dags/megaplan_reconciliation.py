"""### Prove that the raw tables are Megaplan

#### What moves

Nothing new: every night each account's tables in `megaplan_raw` are compared with Megaplan, what is missing or stale
is fetched, what is gone is marked with evidence, and the outcome is certified: one row per account and table in
`megaplan_raw.certificates` (same, missing, stale, extra, repaired, deleted, unresolved, requests, duration,
watermark), the report in the log of `publish_certificates` and in the asset event `megaplan_raw_certificates`.

#### How

Rows are first compared with their own payload, so changes made by hand in Postgres are found. Then every id of
deals and contacts is read from Megaplan and compared in SQL; employees, pipelines and directories are read whole. A
vanished row is asked for by itself: 404 marks it (`deleted_at`, `deletion_evidence`), the row stays. If more rows
vanish at once than the connection's *deletion_brake* allows (1 %, at least 20), none is marked: a proposal with a
number waits for a person, other accounts and later nights go on. Lost rights are told as such.

Accounts with *telephony_active* get a certificate of `calls`, too: UIS's report of calls, our ledger and Megaplan's
calls are compared over the account's last days; what never arrived as an event is stored and delivered, what Megaplan
has lost is delivered again.

Afterwards `forget_old_calls` deletes calls older than the connection's *keep_telephony_days*, with everything that
came in of them, once they are in Megaplan and compared. Without that setting nothing is deleted.

#### A rerun

Harmless at any time. A killed run goes on at its last page when it is retried; there is one certificate per run. What
does not fit into *night_requests* goes on in the next night.

#### Parameters (Trigger)

`accounts` and `entities` narrow the run, empty means all. `calls_since` lets calls be compared from an earlier day
on. `depth`: `full` compares the whole content of deals and contacts with their positions and details, whose changes
do not move Megaplan's change time; `ids` compares ids and change times. Both cost one request per hundred rows.
`approve_deletions`: number of a proposal whose rows are to be marked as deleted. Example: `{"approve_deletions": 3}`.

#### What it does not protect from

Fields that Megaplan hides from the connection's user, and entities that no table is made of (tasks, comments, files).

#### On failure

`fail_when_unresolved` is red when a certificate leaves something unresolved; its last line names the table, the
number of the proposal and what to do. `reconcile` is red when an account could not be compared: correct the
connection as the last line says, then clear the task. `reconcile_calls` and `forget_old_calls` likewise. Postgres,
Megaplan or UIS down: retried twice.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, TriggerRule, dag

from megaplan_sync.kernel.certificate import CALLS
from megaplan_sync.kernel.dag_params import accounts_param, entities_param
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES, raw_table_alias
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.reconciliation.operators import (
    DEPTHS,
    ChooseReconciliationOperator,
    JudgeCertificatesOperator,
    PublishCertificatesOperator,
    ReconcileMegaplanOperator,
    RequireRawTablesOperator,
)
from megaplan_sync.reconciliation.proposal_notice import waiting_proposals_for_the_form
from megaplan_sync.telephony.night.operators import ReconcileCallsOperator
from megaplan_sync.telephony.retention.operators import ForgetOldCallsOperator


@dag(
    schedule="30 2 * * *",  # Moscow's night: sales people sleep, and the hour's requests are free
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # it compares what is, a missed night is not made up for
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    render_template_as_native_obj=True,
    doc_md=__doc__,
    tags=["megaplan", "postgres"],
    params={
        "accounts": accounts_param(),
        "entities": entities_param([*ALL_ENTITIES, CALLS]),
        "calls_since": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Calls since",
            description="First day whose calls are compared; empty: as far back as the last nights left something.",
        ),
        "depth": Param(
            "full",
            type="string",
            enum=list(DEPTHS),
            title="Depth",
            description="full: whole content; ids: ids and change times of deals and contacts only.",
        ),
        "approve_deletions": Param(
            None,
            type=["null", "integer", "string", "array"],
            title="Approve deletions",
            description="Number of a deletion proposal to carry out, or several in a list. "
            + waiting_proposals_for_the_form(),
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
        approve_deletions="{{ params.approve_deletions }}",
    )
    reconcile = ReconcileMegaplanOperator.partial(
        task_id="reconcile",
        outlets=RAW_TABLE_ALIASES,
        entities="{{ params.entities }}",
        depth="{{ params.depth }}",
        map_index_template="{{ task.accounts | join(', ') }}",
    ).expand(accounts=choose_accounts.output)
    reconcile_calls = ReconcileCallsOperator.partial(
        task_id="reconcile_calls",
        entities="{{ params.entities }}",
        since="{{ params.calls_since }}",
        depth="{{ params.depth }}",
        map_index_template="{{ task.accounts | join(', ') }}",
    ).expand(accounts=choose_accounts.output)
    forget_old_calls = ForgetOldCallsOperator(
        task_id="forget_old_calls",
        accounts=choose_accounts.output,
        trigger_rule=TriggerRule.ALL_DONE,  # it looks itself at what each account's nights have compared
    )
    publish_certificates = PublishCertificatesOperator(
        task_id="publish_certificates",
        outlets=[raw_table_alias("certificates")],
        trigger_rule=TriggerRule.ALL_DONE,  # what was certified is told, also when another account failed
    )
    fail_when_unresolved = JudgeCertificatesOperator(
        task_id="fail_when_unresolved", accounts=choose_accounts.output, entities="{{ params.entities }}"
    )
    (
        require_raw_tables
        >> choose_accounts
        >> [reconcile, reconcile_calls]
        >> publish_certificates
        >> fail_when_unresolved
    )
    reconcile_calls >> forget_old_calls


megaplan_reconciliation()
