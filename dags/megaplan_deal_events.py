"""
### Megaplan → Postgres, within seconds: what Megaplan says has changed

#### What moves

Deals, contacts and employees that a webhook of Megaplan names are read again, exactly these and nothing else, and
written into `megaplan_raw` as the sync writes them. What a webhook calls deleted is asked for by itself: only 404, or
`isDropped`, marks the row, with that answer as the evidence.

#### When

As soon as the gateway has stored a webhook in the inbox `telephony.events` (an asset watcher listens to Postgres),
and every five minutes by the clock, since asset events may get lost. The data of a webhook is never believed: it is
a signal to look.

#### How

`choose_accounts` finds the accounts of which webhooks wait. `read_named_entities` reads a single entity by its card
and several a page at a time, however many webhooks name them. An entity that shows no change yet is read once more
when the webhook is *read_lag_seconds* old: Megaplan's writes become visible some seconds late. Several runs may work
at once: each account is read by one of them at a time.

#### A rerun

A rerun is harmless at any time, and so is a killed run: a webhook counts as looked into in the transaction that
writes its row. `telephony.events.outcome` says what became of each.

#### Parameters (Trigger)

`accounts` narrows the run, empty means all. Example: `{"accounts": ["megaplan_default"]}`.

#### What it tells

As the sync: each changed table is an asset event of the alias `megaplan_raw_<entity>`.

#### On failure

The last line of the task's log names the field and the remedy; the other accounts were served. Nothing is lost: the
webhooks wait, and the next run goes on. When the hour's requests are spent, or a long load writes the account, they
wait as well. What never arrives is found by `megaplan_deals_sync` and `megaplan_reconciliation`.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, dag

from megaplan_sync.kernel.dag_params import accounts_param
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.webhooks.operators import ChooseAccountsWithWebhooksOperator, ReadNamedEntitiesOperator
from megaplan_sync.webhooks.trigger import WebhookTrigger

MEGAPLAN_WEBHOOKS = Asset(
    "megaplan_webhooks",
    # a run looks for new webhooks until there are none, so two rings in five seconds would be one too many
    watchers=[AssetWatcher(name="megaplan_webhook_inbox", trigger=WebhookTrigger(min_interval_seconds=5.0))],
)


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="Europe/Moscow"),
        assets=[MEGAPLAN_WEBHOOKS],
    ),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run looks into whatever waits, however long it has waited
    max_active_runs=4,  # one account that waits for its requests must not keep the others waiting
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    render_template_as_native_obj=True,
    doc_md=__doc__,
    tags=["megaplan", "postgres"],
    params={"accounts": accounts_param()},
)
def megaplan_deal_events() -> None:
    """Declare the tasks."""
    choose_accounts = ChooseAccountsWithWebhooksOperator(
        task_id="choose_accounts", accounts="{{ params.accounts }}"
    )
    ReadNamedEntitiesOperator.partial(
        task_id="read_named_entities",
        outlets=RAW_TABLE_ALIASES,
        map_index_template="{{ task.accounts | join(', ') }}",
    ).expand(accounts=choose_accounts.output)


megaplan_deal_events()
