"""The wait without a worker, with the emulated cabinet."""

import asyncio
import json
import time
from typing import Any

import pytest

from megaplan_sync.uis_upload.processing_trigger import DealsProcessedTrigger
from tests.emulators.uis_client import Client

from ..telephony.two_sides import uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures"]


@pytest.fixture
def cabinet(uis: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A cabinet with one uploaded deal, which takes an hour to process."""
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(uis_connection(uis.url)))
    uis.control("knobs", {"deals_processing_s": 3600})
    stages = {
        "success": {"ext_id": "1", "name": "Да"},
        "failed": {"ext_id": "2", "name": "Нет"},
        "in_process": [{"ext_id": "3", "name": "Новая", "order": 10}],
    }
    uis.data("create.sales_funnel", ext_id="f", name="Воронка", stages=stages)
    moments = dict.fromkeys(("created_date_time", "modified_stage_date_time"), "2026-01-10 09:00:00")
    deal = {"ext_id": "d", "name": "Сделка", "sales_funnel_ext_id": "f", "stage_ext_id": "3", **moments}
    uis.data("upload.deals_history", deals=[deal])
    return uis


def wait(seconds: float, meanwhile: Any = None) -> tuple[Any, float]:
    """Return what ends a wait of at most so many seconds, and how long it took."""
    trigger = DealsProcessedTrigger(["uis_default"], time.time() + seconds, poll_seconds=0.2)
    path, arguments = trigger.serialize()
    assert path == f"{type(trigger).__module__}.{type(trigger).__qualname__}"

    async def watch() -> Any:
        event = asyncio.ensure_future(anext(DealsProcessedTrigger(**json.loads(json.dumps(arguments))).run()))
        if meanwhile is not None:
            await asyncio.sleep(0.5)
            await asyncio.to_thread(meanwhile)
        return (await asyncio.wait_for(event, seconds + 5)).payload

    began = time.monotonic()
    return asyncio.run(watch()), time.monotonic() - began


def test_the_wait_ends_when_everything_is_processed(cabinet: Client) -> None:
    event, seconds = wait(20, lambda: cabinet.advance(3700))
    assert event == {"reason": "processed"}
    assert seconds < 10


def test_the_wait_ends_with_its_time(cabinet: Client) -> None:
    event, _ = wait(1)
    assert event == {"reason": "time"}


def test_an_error_is_waited_out(cabinet: Client) -> None:
    cabinet.control("faults", {"kind": "rpc", "mnemonic": "access_token_blocked", "count": 1})
    assert wait(20, lambda: cabinet.advance(3700))[0] == {"reason": "processed"}
