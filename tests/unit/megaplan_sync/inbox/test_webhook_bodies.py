"""Bodies of webhooks: both senders, both forms of the account, and anything else."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from megaplan_sync.inbox.webhook_bodies import SCENARIO, read_webhook


def read(body: Any, at: datetime | None = None) -> Any:
    return read_webhook(body if isinstance(body, bytes) else json.dumps(body).encode(), at)


def test_an_event_of_a_stream() -> None:
    webhook = read(
        {
            "uuid": "0f3c1f9e-6f7e-4a8e-9b55-0d8a4f3f1a01",
            "event": "on_after_update",
            "model": "Deal",
            "accountInfo": {"contentType": "AccountInfo", "accountName": "demo.megaplan.ru"},
            "data": {"contentType": "Deal", "id": "77", "name": "Сделка 77"},
            "userId": 5,
        }
    )
    assert (webhook.model, webhook.event, webhook.id) == ("Deal", "on_after_update", 77)
    assert webhook.dedupe_key == webhook.uuid == "0f3c1f9e-6f7e-4a8e-9b55-0d8a4f3f1a01"
    assert (webhook.account_names, webhook.broken) == (("demo.megaplan.ru",), None)
    assert "Сделка" not in json.dumps(webhook.values, ensure_ascii=False), "personal data stay in the body"


def test_the_concrete_type_of_the_data_takes_precedence_over_the_model() -> None:
    body = {
        "model": "Contractor",
        "event": "on_after_create",
        "data": {"contentType": "ContractorHuman", "id": 5},
    }
    assert read(body).model == "ContractorHuman"


def test_a_scenarios_requests_differ_by_content_and_second() -> None:
    noon, later = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)
    body = {"data": {"deal": {"Id": 77, "Name": "x"}}}
    other = {"data": {"deal": {"Id": 77, "Name": "y"}}}
    webhook = read(body, noon)
    assert (webhook.model, webhook.event, webhook.id) == ("Deal", SCENARIO, 77)
    keys = [read(body, noon).dedupe_key, read(body, later).dedupe_key, read(other, noon).dedupe_key]
    assert webhook.dedupe_key == keys[0]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("id", [None, "RU", -1, 0, True, 2**63, "9" * 40, [], {}, 1.5])
def test_an_id_that_is_not_a_number_is_ignored(id: Any) -> None:
    webhook = read({"model": "Deal", "event": "on_after_update", "data": {"id": id}})
    assert (webhook.id, webhook.broken) == (None, None)


def test_without_a_uuid_equal_bodies_are_one_event_within_a_second_only() -> None:
    body = {"model": "Deal", "event": "on_after_update", "data": {"id": "5"}}
    noon, an_hour_later = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=UTC)
    key = read(body, noon).dedupe_key
    assert key == read(body, noon).dedupe_key
    assert key != read(body, an_hour_later).dedupe_key
    assert key != read({**body, "event": "on_after_drop"}, noon).dedupe_key


EVENT = (
    '{"uuid": "0f3c1f9e", "event": "on_after_update", "model": "Deal", "data": {"contentType": "Deal", "id": "77",'
    ' "name": "%s", "manager": {"contentType": "Employee", "id": "5"}}, "accountId": "demo"}'
)
READABLE = {
    "half an emoji": EVENT % "Сделка \\ud83d",
    "a raw tab": EVENT % "Сделка\t1",
    "a raw NUL": EVENT % "Сделка\0",
    "a quote that is not escaped": EVENT % 'ООО "Ромашка"',
    "cut off": (EVENT % "Сделка")[:120],
    "a comma too much": (EVENT % "Сделка").replace('"}}', '",}}'),
    "nested too deeply": EVENT % "Сделка" + "[" * 100_000,
    "in Windows' encoding": (EVENT % "Сделка").encode("cp1251"),
}


@pytest.mark.parametrize("name", READABLE)
def test_what_is_not_quite_json_still_names_its_entity(name: str) -> None:
    body = READABLE[name]
    webhook = read_webhook(body if isinstance(body, bytes) else body.encode())
    assert (webhook.model, webhook.event, webhook.id, webhook.uuid, webhook.broken) == (
        ("Deal", "on_after_update", 77, "0f3c1f9e", None)
    )


def test_the_id_of_an_embedded_entity_is_not_the_events() -> None:
    body = b'{"model": "Deal", "event": "on_after_update", "data": {"manager": {"id": "5"}, "id": "77", "name": "'
    webhook = read_webhook(body)
    assert (webhook.model, webhook.id, webhook.broken) == ("Deal", None, None)


def test_half_an_emoji_in_the_events_id_can_be_stored() -> None:
    webhook = read({"uuid": "\ud83d1", "model": "Deal", "event": "x", "data": {"id": "5"}})
    assert webhook.dedupe_key.encode() == b"?1"


def test_a_byte_order_mark_is_no_obstacle() -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"model": "Deal", "event": "x", "data": {"id": "5"}}).encode()
    assert read(body).id == 5
