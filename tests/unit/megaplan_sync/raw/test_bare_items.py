"""Rows of a page that came as bare links."""

from typing import Any

from megaplan_sync.raw.bare_items import whole_items

COMPANY = {"contentType": "ContractorCompany", "id": "2", "name": "Ромашка", "timeUpdated": "later"}
BARE = {"contentType": "ContractorCompany", "id": "2"}
HUMAN = {
    "contentType": "ContractorHuman",
    "id": "1",
    "name": "Анна",
    "timeUpdated": "now",
    "company": COMPANY,
}


def no_card(link: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError(f"card of {link} was read")


def test_a_bare_row_takes_the_form_printed_earlier() -> None:
    assert whole_items([HUMAN, BARE], [HUMAN, BARE], ["name", "timeUpdated"], no_card) == [HUMAN, COMPANY]


def test_the_card_is_read_when_the_printed_form_lacks_a_name_and_cut_to_what_lists_hold() -> None:
    card = {**COMPANY, "advertisingWay": None, "possibleActions": ["act_edit"]}
    items = whole_items(
        [HUMAN, BARE], [HUMAN, BARE], ["name", "timeUpdated", "advertisingWay"], lambda link: card
    )
    assert items[1] == {**COMPANY, "advertisingWay": None}


def test_a_row_gone_meanwhile_is_left_out() -> None:
    assert whole_items([BARE], [BARE], ["name"], lambda link: None) == []


def test_whole_rows_cost_nothing() -> None:
    assert whole_items([HUMAN], [HUMAN], ["name", "more"], no_card) == [HUMAN]
