"""### When it is red

`mark_deleted` fails if Megaplan cannot be compared now: its last line says why. Nothing is lost, since the next night
carries out what is approved; clear the task to do it earlier. `decide` fails only if Postgres cannot be reached.

### По-русски

Если из Мегаплана пропало сразу много строк, спрашивает человека, помечать ли их удалёнными: **Browse → Required
Actions**. Approve – каждая строка запрашивается в Мегаплане ещё раз и помечается, только если её там нет. Reject –
строки остаются, следующие ночи о них не спрашивают.

### What moves

If more rows vanish from Megaplan at once than the connection's *deletion_brake* allows, or if its user may see less
than before, `megaplan_reconciliation` marks none of them. It saves a numbered proposal and starts a run of this DAG,
which waits for a person: **Browse → Required Actions**. The question lists the rows with their names.

- *Approve*: the table is compared with Megaplan again, and each row is requested by id. Those that are gone get
  `deleted_at` and `deletion_evidence`; rows that are there stay.
- *Reject*: nothing is marked, and later nights do not ask again. The certificate counts the rows as unresolved, but
  they do not fail the nights any more.

A waiting question occupies no worker and stops no night and no other account: there is one run per proposal. If all
rows of a proposal return to Megaplan, the night withdraws it, and its question ends by itself within half an hour.

### A rerun

Harmless. A proposal that is decided on is not asked about again; if somebody ends a run without an answer, the next
night asks again.

### Parameters (Trigger)

`proposal`: number of a proposal. Only needed to change your mind about a rejected one. Example: `{"proposal": 3}`.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag

from megaplan_sync.kernel.dag_params import OWNER, RUN_TYPES
from megaplan_sync.reconciliation.deletion_operators import (
    DecideOnDeletionsOperator,
    MarkProposedRowsOperator,
)


@dag(
    schedule=None,  # megaplan_reconciliation starts a run for each proposal
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    is_paused_upon_creation=False,  # paused, it would hide that somebody has to decide
    max_active_runs=1000,  # each waits for a person
    default_args={
        "owner": OWNER,
        "retries": 5,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=6),
    },
    render_template_as_native_obj=True,
    allowed_run_types=RUN_TYPES,
    description="Asks a person whether rows that vanished together are marked as deleted, and marks them",
    dag_display_name="Megaplan → Postgres: decide on vanished rows",
    doc_md=__doc__,
    tags=["megaplan", "postgres"],
    params={
        "proposal": Param(
            None,
            type=["null", "integer"],
            examples=[3],
            title="Proposal",
            description="Number of a deletion proposal, as in the certificate of its night.",
        ),
    },
)
def megaplan_deletions() -> None:
    """Declare the tasks."""
    decide = DecideOnDeletionsOperator(task_id="decide", proposal="{{ params.proposal }}")
    mark_deleted = MarkProposedRowsOperator(task_id="mark_deleted", proposal="{{ params.proposal }}")
    decide >> mark_deleted


megaplan_deletions()
