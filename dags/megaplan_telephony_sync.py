"""### When it is red

The first line of the error names the connection, the field and the remedy, and nothing was lost.
`access_token_invalid`: the key is unknown, perhaps of another brand; `access_token_expired`: create a new one;
`ip_not_whitelisted`: add this machine's address in the cabinet; `uis_conn_id`: enter the UIS connection in the
Megaplan connection. Correct it, then clear the task; it is not retried. Empty lists, many missing users, a side
that is down: retried twice, then by the next hour's run.

### По-русски

Сопоставляет сотрудников Мегаплана и UIS по внутренним номерам и называет каждое расхождение. Если запуск красный:
ошибка задачи называет подключение, поле и что сделать; таблица пользователей осталась прежней.

### What moves

The users of Megaplan's telephony (Настройки → Интеграция → Телефония → Настройки телефонии → Пользователи) and
UIS's employees (Сотрудники) are joined by the internal number into `telephony.users` of the connection
`megaplan_postgres`. An employee who is not in that table gets no call cards and no call history. Categories and
statuses of Megaplan's todos and UIS's statuses and virtual numbers go into `telephony.directories`. This is the
button "Синхронизировать настройки телефонии из Мегаплан".

### Mismatches

An employee without a number, a number without an employee, a number that two people have, a number of somebody who
has left: each mismatch has a message that says what to do and in which cabinet. They are in the log of `map_users`,
in its result (XCom), and in `telephony.mismatches`, with names and the time when each was first found. A mismatch
does not fail a run.

### How

Both sides are read completely, then everything is written in one transaction. Unchanged rows are not written. A
failed or empty read changes nothing and fails the task. If more than half of an account's users are missing,
nothing is changed and the task fails; a second read at least 30 minutes later with the same result is accepted.

### A rerun

A rerun is harmless at any time. Accounts whose `telephony_active` is off are skipped with a line in the log; their
rows stay.

### Parameters (Trigger)

`accounts` limits the run to some accounts, empty means all. Example: `{"accounts": ["megaplan_default"]}`.

### What it publishes

If users have changed, an asset event of the alias `telephony_users` with counts and mismatches.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from megaplan_sync.kernel.assets import MEGAPLAN_RECORDS, TELEPHONY_TABLES, UIS_EMPLOYEES
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.telephony.assets import TELEPHONY_USERS
from megaplan_sync.telephony.people.operators import (
    PrepareTelephonyTablesOperator,
    TelephonyUsersToPostgresOperator,
)


@dag(
    schedule="40 * * * *",  # between two runs of megaplan_deals_sync
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run reads the current state, so missed hours need no run
    max_active_runs=1,
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=1),
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=4),  # it reads two short lists; a longer wait is for the next hour
    deadline=run_deadline(timedelta(hours=2)),
    allowed_run_types=RUN_TYPES,
    description="Matches the employees of Megaplan and UIS by internal number, and reports every mismatch",
    dag_display_name="Megaplan ↔ UIS: telephony users",
    doc_md=__doc__,
    tags=["megaplan", "uis", "telephony", "postgres"],
    params={"accounts": accounts_param()},
)
def megaplan_telephony_sync() -> None:
    """Declare the tasks."""
    prepare_telephony_tables = PrepareTelephonyTablesOperator(task_id="prepare_telephony_tables")
    choose_accounts = ChooseMegaplanAccountsOperator(
        task_id="choose_accounts", accounts="{{ params.accounts }}"
    )
    map_users = TelephonyUsersToPostgresOperator.partial(
        task_id="map_users",
        inlets=[MEGAPLAN_RECORDS, UIS_EMPLOYEES],
        outlets=[TELEPHONY_TABLES, TELEPHONY_USERS],
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    prepare_telephony_tables >> choose_accounts >> map_users


megaplan_telephony_sync()
