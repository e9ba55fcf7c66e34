"""### When it is red

The first line of the error names the field and the remedy; the other accounts were processed. Nothing is lost:
the webhooks wait, and the next run continues. They also wait while the hour's requests are spent, or a long load is
writing the account. `megaplan_deals_sync` and `megaplan_reconciliation` find changes whose webhooks never arrive.

### По-русски

Перечитывает из Мегаплана то, что назвали его вебхуки. Если запуск красный: ошибка задачи называет поле и что
сделать; вебхуки ждут, и следующий запуск продолжит.

### What moves

The deals, contacts and employees that Megaplan's webhooks name are read again, and written to `megaplan_raw` as by
the sync. An entity that a webhook calls deleted is requested as well: only 404 or `isDropped` marks the row, with
that answer as the evidence.

### When

As soon as the gateway has stored a webhook in the inbox `telephony.events` (an asset watcher listens to Postgres),
and every five minutes, since asset events may get lost. The data in a webhook is never trusted: it is only a signal
to read the entity.

### How

`choose_accounts` finds the accounts with waiting webhooks. `read_named_entities` reads a single entity by its card,
and several a page at a time, however many webhooks name them. An unchanged entity is read once more when its webhook
is *read_lag_seconds* old, because Megaplan's writes become visible some seconds late. Runs may overlap: only one of
them processes an account at a time.

### A rerun

A rerun is harmless at any time, and so is a killed run: a webhook is settled in the transaction that writes its row.
`telephony.events.outcome` has the outcome of each.

### Parameters (Trigger)

`accounts` limits the run; empty means all. Example: `{"accounts": ["megaplan_default"]}`.

### Asset events

As for the sync: each changed table is published as an asset event of the alias `megaplan_raw_<entity>`.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, dag

from megaplan_sync.kernel.assets import MEGAPLAN_RECORDS, RAW_TABLES
from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES, accounts_param
from megaplan_sync.kernel.incidents import run_deadline
from megaplan_sync.raw.assets import RAW_TABLE_ALIASES
from megaplan_sync.webhooks.operators import ChooseAccountsWithWebhooksOperator, ReadNamedEntitiesOperator
from megaplan_sync.webhooks.trigger import WebhookTrigger

MEGAPLAN_WEBHOOKS = Asset(
    "megaplan_webhooks",
    group="megaplan",
    # a run processes webhooks until none is left, so a second event within five seconds is not needed
    watchers=[AssetWatcher(name="megaplan_webhook_inbox", trigger=WebhookTrigger(min_interval_seconds=5.0))],
)


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="Europe/Moscow"),
        assets=[MEGAPLAN_WEBHOOKS],
    ),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,  # a run processes all waiting webhooks, however old
    max_active_runs=4,  # an account that waits for its request budget must not delay the others
    default_args={
        "owner": OWNER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(hours=1),
    },
    render_template_as_native_obj=True,
    dagrun_timeout=timedelta(hours=4),  # webhooks that are still waiting are the next run's
    deadline=run_deadline(timedelta(hours=2)),
    allowed_run_types=RUN_TYPES,
    description="Reloads the deals, contacts and employees that Megaplan's webhooks name, within seconds",
    dag_display_name="Megaplan → Postgres: changes by webhook",
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
        inlets=[MEGAPLAN_RECORDS],
        outlets=[RAW_TABLES, *RAW_TABLE_ALIASES],
        map_index_template="{{ task.accounts | join(', ') | truncate(200) }}",
    ).expand(accounts=choose_accounts.output)


megaplan_deal_events()
