"""### When it is red

The first line of the error names the field and the remedy. Wrong password, unknown account, refused settings: not
retried; correct the connection, then clear the task. Megaplan is down, 429, lost connections: retried twice, and the
next run catches up. `waiting … s` in the log: the hour's requests (*requests_per_hour*) are spent, and the load
continues automatically.

### По-русски

Загружает сделки, позиции, воронки, контакты, сотрудников и справочники Мегаплана в Postgres. Если запуск красный:
ошибка задачи называет поле подключения и что сделать; исправьте и нажмите Clear у красной задачи.

### What moves

Each Megaplan account of the Variable `megaplan_accounts` (by default the connection `megaplan_default`) is read into
the schema `megaplan_raw` of the connection `megaplan_postgres`: deals with line items, pipelines with stages,
contacts with phones, employees, departments, advertising channels, contact types, currencies and the dictionary of
custom fields. The views for people are in the schema `megaplan`.

### How

The first run reads everything, oldest first, and saves its cursor with every page. Later runs read what has changed
since the watermark. Lists without a change time (employees, pipelines, directories) are read completely, at most
every *directories_every_minutes* of the connection. Equal rows are not written. This DAG deletes nothing: deals that
are gone from Megaplan stay until `megaplan_reconciliation`, or a webhook processed by `megaplan_deal_events`, marks
them as deleted.

### A rerun

A rerun is harmless at any time: a killed run continues from the last page, a finished one finds nothing to do. A
retry skips what its run has finished.

### Parameters (Trigger)

`accounts` and `entities` limit the run; empty means all. `full_refresh` reads everything again, for example after
rows were changed by hand. Example: `{"accounts": ["megaplan_default"], "entities": ["deals"], "full_refresh": true}`.

### Asset events

Each changed table is published as an asset event of the alias `megaplan_raw_<entity>`, with its counts; schedule on
`AssetAlias("megaplan_raw_deals")`. The task's result and log have the counts of each entity; long loads log their
progress.

*partial* in the log and the result is no failure: the hour's requests (*requests_per_hour*) are spent, Megaplan has
answered 429 for a minute, or the account's ten minutes in this run are over. The cursor is saved, and the next run
continues. So a long first load takes several runs, and delays no other account: docs/many-accounts.md.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag

from megaplan_sync.kernel.assets import MEGAPLAN_RECORDS, RAW_TABLES
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param, entities_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.raw.operators import (
    ChooseMegaplanAccountsOperator,
    MegaplanToPostgresOperator,
    PrepareRawTablesOperator,
)


@dag(
    schedule="*/15 * * * *",  # four list requests an hour for each entity, far below the thousand allowed
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run reads all changes since the last one, however long ago that was
    max_active_runs=1,
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=1),  # a task works for ten minutes on its accounts
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=4),  # a longer first load takes several runs
    deadline=run_deadline(timedelta(hours=3)),
    allowed_run_types=RUN_TYPES,
    description="Loads deals, line items, pipelines, contacts, employees and directories into megaplan_raw",
    dag_display_name="Megaplan → Postgres: deals and contacts",
    doc_md=__doc__,
    tags=["megaplan", "postgres"],
    params={
        "accounts": accounts_param(),
        "entities": entities_param(ALL_ENTITIES),
        "full_refresh": Param(
            False,
            type="boolean",
            title="Read everything again",
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
        inlets=[MEGAPLAN_RECORDS],
        outlets=[RAW_TABLES, *RAW_TABLE_ALIASES],
        entities="{{ params.entities }}",
        full_refresh="{{ params.full_refresh }}",
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    prepare_raw_tables >> choose_accounts >> load_raw_tables


megaplan_deals_sync()
