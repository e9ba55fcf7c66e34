"""### When it is red

The first line of the error names the field and the remedy; the other accounts were handled. Nothing is lost:
the outbox knows what is open, and the next run continues. What Megaplan refuses for a single call is tried eight
times within a day and then fails; every run logs the reason, and `telephony.call_deliveries.error` keeps it.
Calls of employees who are not among the users of Megaplan's telephony are not delivered; see `telephony.mismatches`
and the DAG `megaplan_telephony_sync`.

### По-русски

Доставляет завершённые звонки, записи и дела в Мегаплан, каждый ровно один раз. Если запуск красный: ошибка задачи
называет поле и что сделать; ничего не потеряно, следующий запуск продолжит. Когда причина устранена, запустите DAG
с `resend_failed`.

### What moves

Every finished call of the accounts with *telephony_active*: first the call itself (`telephony.calls` → Megaplan's
call history), then the links of its recordings, then the communication that the settings *communication_…* ask for.
The state of each call is in the outbox, `telephony.call_deliveries`.

### When

As soon as events arrive that end a call or bring a recording (an asset watcher listens to Postgres), and every five
minutes, since asset events may get lost. Several runs may work at the same time: each call is handled by one of
them. If nothing waits, nothing but the first task of such a run is started, and the others are skipped.

### How

`push_new_calls` delivers up to fifty new calls of each account at once, `push_calls` delivers everything that is
due. `wait_for_recordings` is deferred until a recording can be played (status, type, size) or anything else is due,
and `push_the_rest` delivers that. Whatever is due later is left to later runs: a recording is checked at growing
intervals for about a day.

### A rerun

A rerun is harmless at any time, and so is a killed run. A request that must not be repeated is recorded before it
is sent; if its outcome is unknown, Megaplan is asked what it has before anything is sent again.

### Parameters (Trigger)

`accounts` limits the run to some accounts, empty means all. `resend` names calls (call session ids of UIS, as text
or as a list): Megaplan is asked what it has of them, and what is missing is sent again. `resend_failed` does so for
everything that has failed. Example: `{"accounts": ["megaplan_default"], "resend": [700100200]}`.
"""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, Param, dag

from megaplan_sync.inbox.trigger import InboxTrigger
from megaplan_sync.kernel.assets import MEGAPLAN_CALLS, TELEPHONY_TABLES, UIS_CALLS
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.telephony.push.operators import (
    PushCallsOperator,
    PushNewCallsOperator,
    RecordingSensor,
    ResendCallsOperator,
)

TELEPHONY_EVENTS = Asset(
    "telephony_events", group="uis", watchers=[AssetWatcher(name="telephony_inbox", trigger=InboxTrigger())]
)


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="Europe/Moscow"),
        assets=[TELEPHONY_EVENTS],
    ),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run delivers everything that is due
    max_active_runs=4,  # runs share the calls, and mostly wait for recordings
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=1),
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=4),  # a run that waits for nothing but recordings ends within minutes
    deadline=run_deadline(timedelta(hours=2)),
    allowed_run_types=RUN_TYPES,
    description="Delivers finished calls, recordings and communications to Megaplan, each exactly once",
    dag_display_name="UIS → Megaplan: calls and recordings",
    doc_md=__doc__,
    tags=["megaplan", "uis", "telephony"],
    params={
        "accounts": accounts_param(),
        "resend": Param(
            "",
            type=["string", "array", "null"],  # the form has a text field; a list is for the API
            format="multiline",
            examples=["700100200"],
            title="Calls to resend",
            description="Call session ids of UIS, such as 700100200, one per line or separated by spaces or commas; "
            "Megaplan is asked what it has before anything is sent.",
        ),
        "resend_failed": Param(
            False,
            type="boolean",
            title="Resend everything that has failed",
            description="Use this after the reason of the failures has been fixed.",
        ),
    },
)
def megaplan_calls_push() -> None:
    """Declare the tasks."""
    push_new_calls = PushNewCallsOperator(task_id="push_new_calls", accounts="{{ params.accounts }}")
    choose_accounts = ChooseMegaplanAccountsOperator(
        task_id="choose_accounts", accounts="{{ params.accounts }}"
    )
    resend_calls = ResendCallsOperator(
        task_id="resend_calls",
        accounts=choose_accounts.output,
        resend="{{ params.resend }}",
        resend_failed="{{ params.resend_failed }}",
    )
    push_calls = PushCallsOperator.partial(
        task_id="push_calls",
        inlets=[TELEPHONY_TABLES, UIS_CALLS],
        outlets=[MEGAPLAN_CALLS],
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    wait_for_recordings = RecordingSensor(
        task_id="wait_for_recordings",
        accounts=choose_accounts.output,
        trigger_rule="all_done",  # if one account fails, the others still wait for their recordings
    )
    push_the_rest = PushCallsOperator.partial(
        task_id="push_the_rest",
        inlets=[TELEPHONY_TABLES, UIS_CALLS],
        outlets=[MEGAPLAN_CALLS],
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)
    # without it, a run whose first push failed would succeed if the last tasks are skipped
    all_delivered = EmptyOperator(task_id="all_delivered", trigger_rule="none_failed")
    push_new_calls >> choose_accounts >> resend_calls >> push_calls >> wait_for_recordings >> push_the_rest
    [push_calls, push_the_rest] >> all_delivered


megaplan_calls_push()
