"""### When it is red

The first line of the error names the table, column or parameter and the remedy. Postgres is down: retried twice.

### По-русски

Заново выводит колонки, позиции, версии и представления из сохранённых `payload`, без запросов к Мегаплану. Если
запуск красный: ошибка задачи называет таблицу или параметр и что сделать.

### What moves

Nothing leaves Postgres, and no request is sent to Megaplan. Every row of `megaplan_raw` keeps in `payload` what
Megaplan sent; this DAG rederives everything that follows from it: typed columns, line items and contact points, stage
moves of deals, and the views.

### When

Only triggered manually: after *default_phone_region* was changed, after line items, contact points, stage moves or
views were dropped or changed by hand, or after one of their columns was added again. See docs/rebuild.md.

### How

A thousand rows at a time, each in one transaction under the account's lock; syncs take turns with it. Only rows that
differ are written. Child rows that are in no payload are marked with `deleted_at` and the evidence
`rederived from payload`; deleted rows stay deleted. A row whose payload does not match its `content_hash` was changed
here by hand: it is counted and left for `megaplan_reconciliation`, which requests it from Megaplan.

### A rerun

A rerun is harmless at any time: correct rows are not written. A retry skips what its run has finished.

### Parameters (Trigger)

`accounts` and `entities` limit the run; empty means all. `deals` include line items, versions and moves, `contacts`
contact points, `pipelines` stages. Views are always recreated. Example:
`{"accounts": ["megaplan_default"], "entities": ["deals"]}`.

### What it reports

Each changed table is published as an asset event of the alias `megaplan_raw_<entity>`. The task's result and log have
for each table: rows read, corrected, inserted, marked as deleted, left.

### What it does not protect from

A lost `payload`: only `megaplan_deals_sync` with *full_refresh* brings lost rows back.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from megaplan_sync.kernel.assets import RAW_TABLES
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param, entities_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.rebuild.operators import (
    RebuildRawTablesOperator,
    RecreateViewsOperator,
    RequireRawColumnsOperator,
)


@dag(
    schedule=None,  # triggered manually: syncs keep rows correct, this repairs manual changes
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=6),
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=20),  # three tries of six hours at most
    deadline=run_deadline(timedelta(hours=12)),
    allowed_run_types=RUN_TYPES,
    description="Rebuilds columns, line items, versions and views from stored payloads, without requests to Megaplan",
    dag_display_name="Postgres: rebuild the raw tables",
    doc_md=__doc__,
    tags=["megaplan", "postgres"],
    params={
        "accounts": accounts_param(),
        "entities": entities_param(ALL_ENTITIES),
    },
)
def megaplan_rebuild() -> None:
    """Declare the tasks."""
    choose_accounts = ChooseMegaplanAccountsOperator(
        task_id="choose_accounts",
        accounts="{{ params.accounts }}",
        entities="{{ params.entities }}",
    )
    require_raw_columns = RequireRawColumnsOperator(task_id="require_raw_columns")
    recreate_views = RecreateViewsOperator(task_id="recreate_views")
    rebuild_raw_tables = RebuildRawTablesOperator.partial(
        task_id="rebuild_raw_tables",
        inlets=[RAW_TABLES],
        outlets=[RAW_TABLES, *RAW_TABLE_ALIASES],
        entities="{{ params.entities }}",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    choose_accounts >> require_raw_columns >> recreate_views >> rebuild_raw_tables


megaplan_rebuild()
