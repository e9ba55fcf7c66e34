"""Lists over real HTTP, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.uis_hook.conftest import TOKEN, MakeClient
from tests.unit.uis_hook.fake_uis import Asked, FakeUis, Reply, error, table
from uis_hook.client import UisClient
from uis_hook.deals import beginning_with, deal_contacts, deals_history, with_ext_ids
from uis_hook.exceptions import UisPagingError, UisSortProhibitedError, UisValidationError
from uis_hook.paging import ListRequest
from uis_hook.staff import employees, virtual_numbers


def read(client: UisClient, listing: Callable[..., ListRequest], *arguments: Any) -> list[dict[str, Any]]:
    return list(client.rows(listing(client.settings, *arguments)))


def test_a_list_is_read_page_by_page(make_client: MakeClient, uis: FakeUis) -> None:
    uis.answer = table([{"id": number} for number in range(25, 0, -1)])
    found = read(make_client({"page_size": 10}), employees, ("id",))
    assert [row["id"] for row in found] == list(range(1, 26))
    assert uis.asked()[0].params == {
        "access_token": TOKEN,
        "fields": ["id"],
        "limit": 10,
        "offset": 0,
        "sort": [{"field": "id", "order": "asc"}],
    }


def test_a_list_that_cannot_be_sorted_is_read_when_it_fits_on_a_page(
    make_client: MakeClient, uis: FakeUis
) -> None:
    uis.answer = table([{"id": 3}, {"id": 1}], refuses_sort=True)
    assert [row["id"] for row in read(make_client(), virtual_numbers)] == [3, 1]
    with pytest.raises(UisPagingError, match="vendor_quirks") as caught:
        read(make_client({"page_size": 1}), virtual_numbers)
    assert isinstance(caught.value.__cause__, UisSortProhibitedError)


def test_a_page_is_asked_for_only_when_it_is_wanted(make_client: MakeClient, uis: FakeUis) -> None:
    uis.answer = table([{"ext_id": str(number)} for number in range(10)])
    pages = make_client({"page_size": 5}).pages(deal_contacts())
    next(pages)
    assert len(uis.asked()) == 1


def knows_no(operator: str, rows: list[dict[str, Any]]) -> Callable[[Asked], Reply]:
    """Serve a list, but refuse a filter's operator, as UIS may: some are "not for all methods"."""

    def answer(asked: Asked) -> Reply:
        if asked.params.get("filter", {}).get("operator") == operator:
            return error("invalid_parameter_value", field="filter.operator", value=operator)
        return table(rows)(asked)

    return answer


def test_a_list_whose_filter_uis_does_not_take_is_read_whole(
    make_client: MakeClient, uis: FakeUis, caplog: pytest.LogCaptureFixture
) -> None:
    contacts = [{"ext_id": f"mp-{number}"} for number in range(3)]
    uis.answer = knows_no("like", contacts)
    client = make_client({"page_size": 2})
    assert list(client.rows(beginning_with(deal_contacts(), "mp-1"))) == contacts
    first, second = (each.params for each in uis.asked())
    assert first.pop("filter") == {"field": "ext_id", "operator": "like", "value": "mp-1%"}
    assert first == second
    assert first["limit"] == 10_000
    assert "All rows are read instead." in caplog.text
    everybody_named_so = employees(client.settings, filter={"operator": "like"})
    with pytest.raises(UisValidationError, match=r"filter\.operator"):
        list(client.rows(everybody_named_so))


def test_ids_are_asked_for_a_thousand_at_a_time(client: UisClient, uis: FakeUis) -> None:
    uis.answer = table([{"ext_id": "d0"}])
    ids = [f"d{number}" for number in range(1001)]
    assert len(list(client.rows(*with_ext_ids(deals_history(), ids)))) == 2
    filters = [each.params["filter"] for each in uis.asked("get.deals_history")]
    assert [each["operator"] for each in filters] == ["in", "in"]
    assert [each["value"] for each in filters] == [ids[:1000], ids[1000:]]
