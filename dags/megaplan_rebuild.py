"""### Rebuild the raw tables from their own payloads

#### What moves

Nothing leaves Postgres, and no request is sent to Megaplan. Every row of `megaplan_raw` keeps in `payload` what
Megaplan sent; here everything that is made of it is made anew: typed columns, positions and contact details, versions
of deals, the stage moves that follow from them, and the views of schema `megaplan`.

#### When

By hand only: after a column was added, dropped or damaged, after an upgrade that reads a field differently, after
*default_phone_region* was changed, after parts or views were dropped. More: docs/rebuild.md.

#### How

A thousand rows at a time, each time one transaction under the account's lock; syncs may run in between. Only rows
that differ are written. What is in a table and in no payload is marked with `deleted_at` and the evidence
`rebuilt from payload`; rows that were deleted stay deleted. A row whose payload does not fit its `content_hash` was
changed here by hand: it is left as it is and counted, for `megaplan_reconciliation` to ask Megaplan.

#### A rerun

Harmless at any time: what is right already is not written. A retry leaves out the entities that its run has finished.

#### Parameters (Trigger)

`accounts` and `entities` narrow the run, empty means all; `deals` come with positions, versions and
moves, `contacts` with contact details, `pipelines` with stages. Views are always made anew. Example:
`{"accounts": ["megaplan_default"], "entities": ["deals"]}`.

#### What it tells

Each changed table is an asset event of the alias `megaplan_raw_<entity>`; the task's result and its log have for each
table: rows read, corrected, inserted, marked as deleted, left.

#### What it does not protect from

A lost `payload`: rows that were dropped come back only with `megaplan_deals_sync` and *full_refresh*.

#### On failure

The last line of the task's log names the table, column or parameter and the remedy. `Another run has been writing
account …`: a first load holds the account; wait for its end, then clear the task. Postgres down: retried twice.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from megaplan_sync.kernel.dag_params import accounts_param, entities_param
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.rebuild.operators import (
    RebuildRawTablesOperator,
    RecreateViewsOperator,
    RequireRawColumnsOperator,
)


@dag(
    schedule=None,  # by hand only: syncs keep columns and parts right, this is for when the schema has changed
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    render_template_as_native_obj=True,
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
        outlets=RAW_TABLE_ALIASES,
        entities="{{ params.entities }}",
        map_index_template="{{ task.accounts | join(', ') }}",
    ).expand(accounts=choose_accounts.output)
    choose_accounts >> require_raw_columns >> recreate_views >> rebuild_raw_tables


megaplan_rebuild()
