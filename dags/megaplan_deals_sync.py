"""
### Megaplan → Postgres: deals, pipelines, contacts, managers

#### What moves

Every Megaplan account of the Variable `megaplan_accounts` (without it: the connection
`megaplan_default`) is read into the schema `megaplan_raw` of the connection `megaplan_postgres`: deals with
their positions, pipelines with stages, contacts with phones, employees, departments, advertising channels,
contact types, currencies and the dictionary of custom fields. People look into the views of schema
`megaplan`.

#### How

The first run reads everything, oldest first, and saves its cursor with every page. Later runs read
what has changed since the watermark. Lists without a change time (employees, pipelines, directories) are read
whole, not oftener than the connection's *directories_every_minutes*. Equal rows are not written. Nothing is
deleted here: deals that have vanished in Megaplan stay until there is a reconciliation (a later version).

#### A rerun

A rerun is harmless at any time: killed runs go on from the last page, finished ones find nothing to do. A
retry leaves out what its run has finished.

#### Parameters (Trigger)

`accounts` and `entities` narrow the run, empty means all; `full_refresh` reads
everything anew, e.g. after rows were changed by hand. Example: `{"accounts": ["megaplan_default"],
"entities": ["deals"], "full_refresh": true}`.

#### What it tells

Each changed table is an asset event of the alias `megaplan_raw_<entity>` with its counts;
schedule on `AssetAlias("megaplan_raw_deals")`. The task's result and its log have the counts of every entity,
and long loads say how far they are.

#### On failure

The last line of the task's log names the field and the remedy. Wrong password, unknown
account, refused settings: correct the connection, then clear the task; no retry is made. Megaplan down, 429,
lost connections: retried twice, and the next run catches up. `waiting … s` in the log: the hour's
requests are spent (*requests_per_hour*); the load goes on by itself.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag

from megaplan_sync.kernel.dag_params import accounts_param, entities_param
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.raw.operators import (
    ChooseMegaplanAccountsOperator,
    MegaplanToPostgresOperator,
    PrepareRawTablesOperator,
)


@dag(
    schedule="*/15 * * * *",  # four list requests an hour for each kind: well inside the hour's thousand
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run reads what has changed since the last one, however long ago that was
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    render_template_as_native_obj=True,
    doc_md=__doc__,
    tags=["megaplan", "postgres"],
    params={
        "accounts": accounts_param(),
        "entities": entities_param(ALL_ENTITIES),
        "full_refresh": Param(
            False,
            type="boolean",
            title="Read everything anew",
            description="Read all rows again, not only those changed since. Equal rows are not written.",
        ),
    },
)
def megaplan_deals_sync() -> None:
    """Declare the tasks."""
    prepare_raw_tables = PrepareRawTablesOperator(task_id="prepare_raw_tables")
    choose_accounts = ChooseMegaplanAccountsOperator(
        task_id="choose_accounts",
        accounts="{{ params.accounts }}",
        entities="{{ params.entities }}",
    )
    load_raw_tables = MegaplanToPostgresOperator.partial(
        task_id="load_raw_tables",
        outlets=RAW_TABLE_ALIASES,
        entities="{{ params.entities }}",
        full_refresh="{{ params.full_refresh }}",
        map_index_template="{{ task.accounts | join(', ') }}",
    ).expand(accounts=choose_accounts.output)
    prepare_raw_tables >> choose_accounts >> load_raw_tables


megaplan_deals_sync()
