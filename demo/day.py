"""A working day: a client calls, a deal is created, and everything else happens automatically."""

import time
from collections.abc import Callable

from demo.airflow_api import AirflowApi
from demo.connections import Connections
from demo.deals import EVENTS_DAG_ID, UPLOAD_DAG_ID, DemoDeal, deals_in_uis
from demo.promises import BrokenPromiseError, Promise, wait_for_all
from demo.routed_call import RoutedCall, some_manager
from demo.telephony import PUSH_DAG_ID, Client, DemoCall, widgets_are_there

LISTENING_DAG_IDS = (PUSH_DAG_ID, EVENTS_DAG_ID)
"""DAGs that listen to the inbox; they must be on before the day begins."""
_TRIGGER_AFTER_SECONDS = 60.0


def live_through(
    connections: Connections,
    raw_database_uri: str,
    client: Client,
    api: AirflowApi,
    say: Callable[[str], None],
) -> None:
    """Begin the day, and wait until everything that is promised has happened.

    :raises BrokenPromiseError: something did not happen
    """
    megaplan, uis = connections.megaplan, connections.uis
    wait_for_all([widgets_are_there(megaplan)], say, api.ensure_alive, 30)
    uis.notify(connections.notification_url)
    megaplan.notify(connections.webhook_url)
    # the new deal's row starts its run, which uploads all deals; if it were on earlier, the night's repairs would
    api.wait_for_dag(UPLOAD_DAG_ID)
    api.unpause(UPLOAD_DAG_ID)
    runs = [_green(api, dag_id, say) for dag_id in (*LISTENING_DAG_IDS, UPLOAD_DAG_ID)]
    wait_for_all([DemoDeal(megaplan, raw_database_uri).promise()], say, api.ensure_alive)
    call = DemoCall(megaplan, uis, client)
    wait_for_all(
        [
            *call.promises(),
            deals_in_uis(megaplan, uis),
            *runs,
        ],
        say,
        api.ensure_alive,
    )
    routed = RoutedCall(uis, some_manager(raw_database_uri), connections.route_url)
    wait_for_all([routed.promise()], say, api.ensure_alive, 60)


def _green(api: AirflowApi, dag_id: str, say: Callable[[str], None]) -> Promise:
    """Promise that a DAG starts automatically and succeeds; it is triggered if nothing starts it for a while."""
    earlier = len(api.run_states(dag_id))
    trigger_at = time.monotonic() + _TRIGGER_AFTER_SECONDS

    def look() -> str | None:
        nonlocal trigger_at
        states = api.run_states(dag_id)[earlier:]
        if "failed" in states:
            raise BrokenPromiseError(f"a run of {dag_id} failed")
        if not states and time.monotonic() > trigger_at:
            trigger_at = float("inf")
            say(f"Nothing has started {dag_id} in {_TRIGGER_AFTER_SECONDS:.0f} s; it is triggered.")
            api.trigger(dag_id)
        return f"A run of {dag_id} succeeded." if "success" in states else None

    return Promise(f"a successful run of {dag_id}", look)
