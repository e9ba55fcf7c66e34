"""### When it is red

A recipient did not accept a message, or the connection `megaplan_notices` is invalid: the last line says which and
why. Nothing is lost: the message is sent again, at the latest after an hour. No other DAG fails because of this one.

### По-русски

Сообщает о сбоях, не дожидаясь, пока кто-нибудь заглянет в Airflow: письмом, вебхуком, в Telegram или Mattermost. По
умолчанию выключено: создайте подключение `megaplan_notices` с адресами получателей в поле Password и включите DAG.

### What moves

Tells people what is wrong: failed tasks, runs that take too long, and accounts whose tables have not been
refreshed in time. Each incident is told once, and once more when it is over. Messages go by e-mail, webhook,
Telegram, Mattermost and whatever else Apprise can reach.

### How

Off by default: add the connection `megaplan_notices` with the addresses in its field *Password* (docs/notices.md),
and turn this DAG on. Tasks and late runs record incidents in `notices.incidents` as they happen; this DAG adds stale
tables, writes `notices.messages` and delivers them. The gateway does the same, even while the scheduler is dead.

### A rerun

Harmless: what was told is not told again.

### Parameters (Trigger)

None.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES
from megaplan_sync.notices.operators import NotifyOperator


@dag(
    schedule="*/5 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # it looks at the present
    max_active_runs=1,
    default_args={
        "owner": OWNER,
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=10),
    },
    dagrun_timeout=timedelta(minutes=25),
    allowed_run_types=RUN_TYPES,
    description="Tells people of failures, late runs and stale tables, by e-mail, webhook or messenger",
    dag_display_name="Notices about Megaplan",
    doc_md=__doc__,
    tags=["megaplan", "notices"],
)
def megaplan_notices() -> None:
    """Declare the task."""
    NotifyOperator(task_id="notify")


megaplan_notices()
