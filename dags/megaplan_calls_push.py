"""
### UIS → Megaplan: call history, recordings, communications

#### What moves

Every finished call of the accounts whose connection has *telephony_active*: first the call itself
(`telephony.calls` → Megaplan's call history), then the links of its recordings, then the communication that the
settings *communication_…* ask for. The ledger `telephony.call_deliveries` says how far each call is.

#### When

As soon as events that end a call or bring a recording are in the inbox (an asset watcher listens to Postgres), and
every five minutes by the clock, since asset events may get lost. Several runs may work at once: each call
is handled by one of them at a time.

#### How

`push_new_calls` tells Megaplan at once of up to fifty calls of each account, `push_calls` drains what is due.
`wait_for_recordings` waits, without a worker, until a recording can be played
(status, type, size) or anything else is due; `push_the_rest` delivers that. What is due later stands in the ledger,
and later runs see to it: a recording is looked at ever more rarely for about a day.

#### A rerun

A rerun is harmless at any time, and so is a killed run: before each request that must not be made twice the ledger
says so, and after an ambiguous answer Megaplan is asked what it has before anything is sent again.

#### Parameters (Trigger)

`accounts` narrows the run, empty means all. `resend` names calls (call session ids of UIS) that are to be looked at
and, where something is missing, sent again; `resend_parked` does so with everything that was given up.
Example: `{"accounts": ["megaplan_default"], "resend": [700100200]}`.

#### On failure

The last line of the task's log names the field and the remedy; the other accounts were served. Nothing is lost: the
ledger knows what is open, and the next run goes on. What Megaplan refuses for a single call is tried eight times
within a day, then parked with its reason, which every run logs and `telephony.call_deliveries.last_error` keeps.
Calls of employees who are not among the users of Megaplan's telephony are not told at all; see
`telephony.mismatches` and the DAG `megaplan_telephony_sync`.
"""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, Param, dag

from megaplan_sync.inbox.trigger import InboxTrigger
from megaplan_sync.kernel.dag_params import accounts_param
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator
from megaplan_sync.telephony.push.operators import (
    PushCallsOperator,
    PushNewCallsOperator,
    RecordingSensor,
    ResendCallsOperator,
)

TELEPHONY_EVENTS = Asset(
    "telephony_events", watchers=[AssetWatcher(name="telephony_inbox", trigger=InboxTrigger())]
)


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="Europe/Moscow"),
        assets=[TELEPHONY_EVENTS],
    ),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run delivers whatever is due, however long it has been
    max_active_runs=4,  # runs share the calls between them, and most of the time wait for recordings
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    render_template_as_native_obj=True,
    doc_md=__doc__,
    tags=["megaplan", "uis", "telephony"],
    params={
        "accounts": accounts_param(),
        "resend": Param(
            [],
            type=["array", "null"],
            items={"type": ["integer", "string"]},
            title="Calls to be sent again",
            description="Call session ids of UIS; each is looked for in Megaplan before anything is sent.",
        ),
        "resend_parked": Param(
            False,
            type="boolean",
            title="Send everything parked again",
            description="Try anew whatever was given up, after its reason has been dealt with.",
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
        resend_parked="{{ params.resend_parked }}",
    )
    push_calls = PushCallsOperator.partial(
        task_id="push_calls", map_index_template="{{ task.accounts | join(', ') }}"
    ).expand(accounts=choose_accounts.output)
    wait_for_recordings = RecordingSensor(
        task_id="wait_for_recordings",
        accounts=choose_accounts.output,
        trigger_rule="all_done",  # one account's failure is no reason not to wait for the others
    )
    push_the_rest = PushCallsOperator.partial(
        task_id="push_the_rest", map_index_template="{{ task.accounts | join(', ') }}"
    ).expand(accounts=choose_accounts.output)
    # without it a run would count as good when the last tasks are skipped, although the first push failed
    all_delivered = EmptyOperator(task_id="all_delivered", trigger_rule="none_failed")
    push_new_calls >> choose_accounts >> resend_calls >> push_calls >> wait_for_recordings >> push_the_rest
    [push_calls, push_the_rest] >> all_delivered


megaplan_calls_push()
