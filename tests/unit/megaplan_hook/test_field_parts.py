"""Fields that no single address holds are requested in parts, and their rows merged."""

from __future__ import annotations

from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanRequestTooLongError, MegaplanTransportError
from megaplan_hook.field_parts import merged_rows, split_fields
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import Order
from megaplan_hook.query import encode_arguments
from tests.unit.megaplan_hook.fake_list import moment
from tests.unit.megaplan_hook.fake_server import FakeMegaplan, Reply, Request, envelope

NAMES = [f"Category1000061CustomFieldPoleSDlinnymImenem{number:03d}" for number in range(162)]
ASKED = {"fields": ["name", "timeUpdated", *NAMES], "onlyRequestedFields": True}
BY_CHANGE = Order("timeUpdated", descending=True)


def refusing(megaplan: FakeMegaplan, most: int, status: int, rows: int = 3) -> None:
    """Let a web server refuse queries of more characters, and Megaplan give what fields are asked for."""

    def answer(request: Request) -> Reply:
        if len(request.query) > most:
            return Reply(b"<html><h1>Request-URI Too Large</h1></html>", status)
        values: dict[str, Any] = {name: f"value of {name}" for name in request.arguments["fields"]}
        values["timeUpdated"] = moment(5)
        found = [{"contentType": "Deal", "id": str(number), **values} for number in range(rows)]
        return Reply(envelope(found, pagination={"count": rows, "limit": 100}))

    megaplan.answer = answer


@pytest.mark.parametrize("status", [414, 431, 413, 400, 403, 404])
@pytest.mark.parametrize(("most", "requests"), [(20_000, 1), (8_100, 1 + 2), (4_000, 1 + 1 + 4)])
def test_a_page_is_read_in_parts_that_the_web_server_accepts(
    hook: MegaplanHook, megaplan: FakeMegaplan, sleeps: list[float], status: int, most: int, requests: int
) -> None:
    """A proxy's 414 was told as "check Host", and deals of accounts with many custom fields never loaded."""
    refusing(megaplan, most, status)
    (page,) = hook.pages("/deal", arguments=ASKED, order=BY_CHANGE)
    assert len(page.items) == 3
    for item in page.items:
        assert [item[name] for name in NAMES] == [f"value of {name}" for name in NAMES]
        assert item["name"] == "value of name"
    assert len(megaplan.asked()) == requests
    assert sleeps == []
    assert all(len(request.arguments["sortBy"]) == 1 for request in megaplan.asked())


def test_the_length_is_found_once(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    refusing(megaplan, 8_100, 414)
    list(hook.pages("/deal", arguments=ASKED))
    before = len(megaplan.asked())
    list(hook.pages("/contractor", arguments=ASKED))
    hook.list_page("/deal", {**ASKED, "limit": 1})
    assert [len(request.query) <= 8_100 for request in megaplan.asked()[before:]] == [True] * 4


def test_a_server_that_accepts_nothing_says_what_to_do(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    refusing(megaplan, 50, 414)
    with pytest.raises(MegaplanRequestTooLongError, match="large_client_header_buffers") as caught:
        list(hook.pages("/deal", arguments=ASKED))
    assert not caught.value.retryable
    assert hook.longest_query is None, "it may have been refused for another reason"
    assert len(megaplan.asked()) < 12


def test_a_page_of_html_that_no_shorter_request_changes_is_told_as_ever(
    hook: MegaplanHook, megaplan: FakeMegaplan
) -> None:
    megaplan.in_turn(Reply(b"<html>no such site</html>", 404))
    with pytest.raises(MegaplanTransportError, match="HTML page, 404; check Host"):
        list(hook.pages("/deal", arguments=ASKED))


def test_parts_are_evenly_filled_and_each_can_be_sorted_and_compared() -> None:
    arguments = {
        **ASKED,
        "sortBy": Order("name").sort_by(),
        "fields": [*ASKED["fields"], {"payer": ["name"]}],
    }
    parts = split_fields(arguments, 4_000)
    assert all(len(encode_arguments(part)) <= 4_000 for part in parts)
    assert all({"name", "timeUpdated"} <= set(map(str, part["fields"])) for part in parts)
    asked = [name for part in parts for name in part["fields"]]
    assert all(name in asked for name in arguments["fields"])
    sizes = [len(part["fields"]) for part in parts]
    assert max(sizes) - min(sizes[:-1]) <= 1
    assert split_fields({"limit": 1}, 3) == [{"limit": 1}]


def deal(number: int, minute: int, **fields: Any) -> dict[str, Any]:
    return {"contentType": "Deal", "id": str(number), "timeUpdated": moment(minute), **fields}


def test_rows_that_moved_or_changed_between_the_parts_come_as_links() -> None:
    first = [deal(1, 9, a=1), deal(2, 8, a=2), {"contentType": "Deal", "id": "3"}, deal(4, 6, a=4), None]
    second = [deal(5, 11, b=5), deal(1, 9, b=1), deal(2, 10, b=2), deal(3, 7, b=3)]
    assert merged_rows([first, second]) == [
        deal(1, 9, a=1, b=1),
        {"contentType": "Deal", "id": "2"},
        {"contentType": "Deal", "id": "3"},
        {"contentType": "Deal", "id": "4"},
        None,
    ]
