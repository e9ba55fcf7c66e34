"""
### Who has which number: Megaplan ↔ UIS

#### What moves

Megaplan's users of telephony (Настройки → Интеграция → Телефония → Настройки телефонии → Пользователи) and UIS's
employees (Сотрудники) are joined by the internal number into `telephony.users` of the connection
`megaplan_postgres`. Who is not in it gets no call cards, no data of calls and no call history. Beside it
`telephony.directories` keeps categories and statuses of Megaplan's todos, statuses and own numbers of UIS.
This is the button "Синхронизировать настройки телефонии из Мегаплан".

#### Mismatches

Whoever cannot be joined is told of, with a sentence on what to do in which cabinet: an employee without number, a
number without employee, one number twice, a number of somebody who has left. Look into the log of `map_users`, into
its result (XCom) or into `telephony.mismatches`, which has names and the time when each was first found. Mismatches
fail no run.

#### How

Both sides are read whole, then everything is written in one transaction. Equal rows are not written. A failed or
empty read changes nothing and fails the task. If more than half of an account's users are missing, they stay, and the
task fails; a second read at least 30 minutes later that sees the same is believed.

#### A rerun

A rerun is harmless at any time. Accounts whose `telephony_active` is off are left out with a line in the log; their
tables stay.

#### Parameters (Trigger)

`accounts` narrows the run, empty means all. Example: `{"accounts": ["megaplan_default"]}`.

#### What it tells

When users have changed, an asset event of the alias `telephony_users` with counts and mismatches.

#### On failure

The last line of the task's log names the connection, the field and the remedy, and nothing was lost.
`access_token_invalid`: the key is unknown, perhaps of another brand; `access_token_expired`: make a new one;
`ip_not_whitelisted`: add this machine's address in the cabinet; `uis_conn_id`: write the UIS connection into the
Megaplan connection. Correct it, then clear the task; no retry is made. Empty lists, many missing users, a side that
is down: retried twice, then by the next hour's run.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from megaplan_sync.kernel.dag_params import accounts_param
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.telephony.assets import TELEPHONY_USERS
from megaplan_sync.telephony.people.operators import (
    PrepareTelephonyTablesOperator,
    TelephonyUsersToPostgresOperator,
)


@dag(
    schedule="40 * * * *",  # after the quarter hours, in which the deals are read
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # it reads what is; a missed hour is not made up for
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    render_template_as_native_obj=True,
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
        outlets=[TELEPHONY_USERS],
        map_index_template="{{ task.accounts | join(', ') }}",
    ).expand(accounts=choose_accounts.output)
    prepare_telephony_tables >> choose_accounts >> map_users


megaplan_telephony_sync()
