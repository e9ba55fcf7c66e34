"""Processed webhooks are deleted when they are old, and it does no harm if Megaplan sends one of them again."""

import json

import pytest

from megaplan_sync.telephony.retention.operators import ForgetOldCallsOperator
from tests.integration.airflow_runs import postgres_connection
from tests.integration.webhooks.test_reading_again import ids
from tests.integration.webhooks.world import WebhookWorld


def test_a_late_duplicate_of_a_deleted_webhook_changes_nothing(
    world: WebhookWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account has no telephony; a webhook that is not processed is kept, however old it is."""
    dropped, renamed = ids(world, 2)
    rename = {"op": "update_deal", "id": renamed, "fields": {"name": "Иначе"}}
    world.night.change({"op": "delete_deals", "ids": [dropped]}, rename)
    webhooks = [
        world.event("Deal", dropped, "on_after_drop"),
        world.event("Deal", renamed),
        world.event("Deal", renamed),
    ]
    world.come_in(*webhooks)
    world.run()
    age = "UPDATE telephony.events SET received_at = received_at - interval '8 days'"
    world.night.by_hand(age)
    world.come_in(*[world.event("Deal", renamed) for _ in range(2)])
    world.night.by_hand("UPDATE telephony.events SET received_at = '2020-01-01' WHERE derived_at IS NULL")
    rows = world.night.rows()

    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    for days, left in ((30, 5), (7, 2)):
        conn_id = world.night.connect(keep_messages_days=days)
        ForgetOldCallsOperator(task_id="forget_old_calls", accounts=[[conn_id]]).execute({})
        assert len(world.outcomes()) == left
    assert world.outcomes() == [None, None], "those that wait"

    world.come_in(*webhooks)
    world.run()
    assert world.night.rows() == rows
    assert sorted(map(str, world.outcomes())) == ["deleted, not here", *["unchanged"] * 4]
    world.night.assert_tables_are_megaplan()


def test_without_an_inbox_there_is_nothing_to_delete(
    world: WebhookWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.night.by_hand("DROP SCHEMA telephony CASCADE")
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    operator = ForgetOldCallsOperator(task_id="forget_old_calls", accounts=[[world.night.connect()]])
    assert operator.execute({}) == {}
    assert world.night.value("SELECT to_regnamespace('telephony')") is None
