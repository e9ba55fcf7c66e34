"""A deal made in Megaplan, its webhook at the real gateway, the doorbell, the DAG, the row: the guide's own check."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION
from megaplan_sync.inbox.trigger import InboxTrigger
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.webhooks.trigger import WebhookTrigger
from tests.integration.airflow_runs import TestedAirflow, postgres_connection
from tests.integration.conftest import UNHURRIED
from tests.integration.gateway.served import MEGAPLAN_SECRET, served, set_connections
from tests.integration.stored_messages import store_message
from tests.integration.webhooks.world import WebhookWorld, subscribe


async def rung(trigger: InboxTrigger, seconds: float) -> Any:
    """Return what a trigger tells, None if it is silent for so long."""
    waiting = asyncio.ensure_future(anext(trigger.run()))
    done, _ = await asyncio.wait({waiting}, timeout=seconds)
    if done:
        return waiting.result().payload
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    return None


def test_a_test_deal_made_in_megaplan_is_in_the_table_seconds_later(
    database_uri: str,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    connect: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    prepare_telephony_schema(database)
    set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9")
    airflow = TestedAirflow(
        tmp_path,
        {"AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan.connection(**UNHURRIED))},
    )
    airflow.migrate()
    with served(f"127.0.0.1:{megaplan.port}") as gateway:
        subscribe(megaplan, gateway.url + gateway.path("/megaplan", MEGAPLAN_SECRET))
        made = time.monotonic()
        (deal,) = megaplan.control("mutate", [{"op": "create_deal", "fields": {"name": "Тестовая сделка"}}])
        ring = asyncio.run(rung(WebhookTrigger(poll_seconds=20), 10))
        assert ring is not None
        assert time.monotonic() - made < 5, "the doorbell rings at once"
    run = airflow.dags_test(dag_id="megaplan_deal_events")
    assert run.state == "success", run.output[-3000:]
    row = database.execute(
        "SELECT name FROM megaplan_raw.deals WHERE id = %s AND deleted_at IS NULL", (int(deal["id"]),)
    ).fetchone()
    assert row == ("Тестовая сделка",)
    events = airflow.asset_events(run)
    assert [extra["inserted"] for name, extra in events.items() if "megaplan_raw.deals@" in name] == [1]
    assert set(events) == {name for name in events if "megaplan_raw.deals@" in name}
    quiet = airflow.dags_test(dag_id="megaplan_deal_events")
    assert (quiet.state, quiet.states["read_named_entities"]) == ("success", "skipped")
    assert airflow.asset_events(quiet) == {}


def test_each_doorbell_rings_for_its_own(world: WebhookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    path, arguments = WebhookTrigger(min_interval_seconds=5.0).serialize()
    assert path == "megaplan_sync.webhooks.trigger.WebhookTrigger"
    assert WebhookTrigger(**arguments).serialize() == (path, arguments)
    with world.night.database.transaction():
        body = {"notification_mnemonic": "call_session_finished", "call_session_id": 7}
        store_message(
            world.night.database,
            world.account,
            UIS_NOTIFICATION,
            json.dumps(body).encode(),
            "application/json",
        )
    assert asyncio.run(rung(WebhookTrigger(poll_seconds=0.2), 1)) is None
    assert asyncio.run(rung(InboxTrigger(poll_seconds=0.2), 5)) == {"newest_event": 1}
    world.come_in(world.event("Deal", 1001), b"{")
    number = world.night.value(
        "SELECT number FROM telephony.events WHERE source = 'megaplan_webhook' AND broken IS NULL"
    )
    assert asyncio.run(rung(WebhookTrigger(poll_seconds=0.2), 5)) == {"newest_event": number}


def test_a_doorbell_rests_between_two_rings(world: WebhookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    world.come_in(world.event("Deal", 1001))

    async def watch() -> float:
        events = WebhookTrigger(poll_seconds=0.1, min_interval_seconds=1.0).run()
        await anext(events)
        began = time.monotonic()
        await asyncio.get_running_loop().run_in_executor(None, world.come_in, world.event("Deal", 1002))
        await asyncio.wait_for(anext(events), 5)
        return time.monotonic() - began

    assert asyncio.run(watch()) >= 1.0
