"""
### Doctor: what works, what does not, and what to do in which cabinet

#### What moves

Nothing. Connections, the rights of Megaplan's user, the application and its event streams, users and numbers of
telephony, UIS's key, methods, points and numbers, mismatches, clock, requests, Postgres and the gateway are looked
at, and told about in the log of `examine_accounts`, finding by finding: OK, WARNING or ERROR, with what to do.

#### When

By hand: after setting something up, and whenever something seems wrong.

#### The addresses for the cabinets

They stand in the findings "webhooks of Megaplan" and "notifications of UIS", with ••• in the place of the secret. The
secret is `webhook_secret` of the connection that the line names, as you wrote it there; no log shows it.

#### A rerun

A rerun is harmless: about ten requests to Megaplan out of the account's budget, and six to UIS.

#### Parameters (Trigger)

`accounts` narrows the run, empty means all. Example: `{"accounts": ["megaplan_default"]}`.

#### On failure

A red task is a diagnosis: at least one ERROR, and the last line of the log names the first of them. All findings are
also in the result (XCom `return_value`, or `findings` of a red task).
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from megaplan_sync.doctor.operators import ExamineAccountsOperator
from megaplan_sync.kernel.dag_params import accounts_param
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=1)},
    render_template_as_native_obj=True,
    doc_md=__doc__,
    tags=["megaplan", "uis", "telephony"],
    params={"accounts": accounts_param()},
)
def megaplan_doctor() -> None:
    """Declare the tasks."""
    choose_accounts = ChooseMegaplanAccountsOperator(
        task_id="choose_accounts", accounts="{{ params.accounts }}"
    )
    ExamineAccountsOperator.partial(
        task_id="examine_accounts", map_index_template="{{ task.accounts | join(', ') }}"
    ).expand(accounts=choose_accounts.output)


megaplan_doctor()
