"""Killed, concurrent and blocked runs: nothing is lost, and nothing is read in vain."""

import json
import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from megaplan_hook.exceptions import MegaplanTransportError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel import leases
from megaplan_sync.kernel.exceptions import EntitiesFailedError
from megaplan_sync.kernel.leases import leased
from megaplan_sync.kernel.session import Session
from megaplan_sync.webhooks.account_webhooks import AccountWebhooks
from megaplan_sync.webhooks.operators import ChooseAccountsWithWebhooksOperator, ReadNamedEntitiesOperator
from megaplan_sync.webhooks.waiting import WaitingWebhooks
from tests.integration.airflow_runs import postgres_connection
from tests.integration.sudden_death import work_until_killed
from tests.integration.webhooks.test_reading_again import LINKS, ids, renamed
from tests.integration.webhooks.world import WebhookWorld


@pytest.fixture
def four_renamed(world: WebhookWorld) -> list[int]:
    """Four deals with webhooks, read two at a time."""
    world.night.megaplan.control("knobs", {"links_give": "card"})
    chosen = ids(world, 4)
    world.change(*[renamed(id, f"Сделка {id}") for id in chosen])
    return chosen


@pytest.mark.parametrize(
    "moment",
    [
        "request 3",  # after the login and the first page
        "after 1 UPDATE telephony.events AS event",
        "before 2 UPDATE telephony.events AS event",
    ],
)
def test_a_killed_run_loses_nothing(world: WebhookWorld, four_renamed: list[int], moment: str) -> None:
    world.night.connect(page_size=2)
    work_until_killed(world.uri, moment, lambda hook, session: AccountWebhooks(hook, session).run())
    halfway = {id for id in four_renamed if world.deal(id) == f"Сделка {id}"}
    # exactly the webhooks of written deals are settled
    assert len([outcome for outcome in world.outcomes() if outcome == "written"]) == len(halfway) < 4
    until = time.monotonic() + 10
    while (
        None in world.outcomes() and time.monotonic() < until
    ):  # the dead run's session may end a little later
        world.run(page_size=2)
    assert [world.deal(id) for id in four_renamed] == [f"Сделка {id}" for id in four_renamed]
    assert set(world.outcomes()) == {"written"}


def test_a_failure_keeps_what_was_written_before(world: WebhookWorld, four_renamed: list[int]) -> None:
    world.night.megaplan.control("faults", {"kind": "html", "path": LINKS, "nth": 2, "count": 9})
    with pytest.raises(MegaplanTransportError):
        world.run(page_size=2)
    assert world.outcomes() == ["written", "written", None, None]
    world.night.megaplan.control("faults", method="DELETE")
    world.run(page_size=2)
    assert set(world.outcomes()) == {"written"}


def test_an_entity_that_megaplan_fails_for_does_not_delay_others(world: WebhookWorld) -> None:
    first, second, third = ids(world, 3)
    world.change(*[renamed(id, f"Сделка {id}") for id in (first, second)])
    world.come_in(world.event("Deal", third, "on_after_drop"))
    world.night.megaplan.control(
        "faults",
        [{"kind": "500", "path": f"/deal/{id}", "exact": True, "count": 99} for id in (first, third)],
    )

    def outcomes() -> dict[int, str | None]:
        rows = world.night.database.execute(
            "SELECT (payload ->> 'id')::integer, split_part(outcome, ':', 1) FROM telephony.events"
        ).fetchall()
        return dict(rows)

    with pytest.raises(EntitiesFailedError, match=f"Deal {first}"):
        world.run()
    assert world.deal(second) == f"Сделка {second}"
    assert outcomes() == {first: None, second: "written", third: None}
    world.night.database.execute("UPDATE telephony.events SET received_at = received_at - interval '2 days'")
    world.run()
    assert outcomes() == {first: "given up", second: "written", third: "given up"}


def test_a_second_run_leaves_the_account_to_the_first(
    world: WebhookWorld, four_renamed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 4.0)  # seen to be alive after a second
    with Session.open(world.uri) as other, WaitingWebhooks(other, world.account).leased():
        assert world.run() == {}
    assert world.asked() == {}
    world.run()
    assert set(world.outcomes()) == {"written"}


def test_without_requests_left_the_webhooks_wait(world: WebhookWorld, four_renamed: list[int]) -> None:
    class SpentBudget:
        def acquire(self) -> None:
            raise AssertionError("a request was sent")

        def back_off(self, seconds: float) -> None: ...

        def remaining(self) -> int | None:
            return 0

    with Session.open(world.uri) as connection:
        hook = MegaplanHook(world.night.connect(), budget=SpentBudget())
        AccountWebhooks(hook, connection).run()
    assert world.outcomes() == [None] * 4


def test_webhooks_are_read_while_a_load_reads_the_account(
    world: WebhookWorld, four_renamed: list[int]
) -> None:
    with Session.open(world.uri) as other, leased(other, world.account, "deals"):
        world.run()
    assert set(world.outcomes()) == {"written"}


class Events:
    """Collects the asset events of a task."""

    def __init__(self) -> None:
        self.extras: dict[str, Any] = {}

    def __getitem__(self, alias: Any) -> Any:
        events = self

        class Accessor:
            def add(self, asset: Any, extra: Any) -> None:
                events.extras[alias.name] = extra

        return Accessor()


def test_the_tasks_process_all_accounts_and_publish_what_changed(
    world: WebhookWorld, four_renamed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.night.connect("megaplan_default")
    world.night.connect("megaplan_off", deals_active=False)
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_BROKEN", '{"conn_type": "megaplan"}')
    monkeypatch.setenv(
        "AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_broken", "megaplan_off", "megaplan_default"]'
    )
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    chosen = ChooseAccountsWithWebhooksOperator(task_id="choose_accounts").execute({})
    assert chosen == [["megaplan_broken", "megaplan_default"]]
    events = Events()
    read = ReadNamedEntitiesOperator(task_id="read", accounts=["megaplan_broken", "megaplan_default"])
    with pytest.raises(AirflowException, match="'megaplan_broken', field 'host'"):
        read.execute({"outlet_events": events})  # type: ignore[typeddict-item]
    assert {name: extra["updated"] for name, extra in events.extras.items()} == {"megaplan_raw_deals": 4}
    assert ChooseAccountsWithWebhooksOperator(task_id="choose_accounts").execute({}) == []
