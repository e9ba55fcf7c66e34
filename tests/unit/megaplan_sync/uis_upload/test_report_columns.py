"""The report and the history are compared with what was sent, whatever format UIS uses."""

from dataclasses import replace
from typing import Any

import pytest

from megaplan_sync.uis_upload.directory_ledger import KnownRow
from megaplan_sync.uis_upload.history_rows import is_the_same_state, is_the_same_upload, last_record
from megaplan_sync.uis_upload.report_columns import Difference, Directories, differences, user_field_columns

SENT: dict[str, Any] = {
    "ext_id": "mp1-deal-1",
    "name": "Окна",
    "created_date_time": "2026-01-10 09:00:00",
    "modified_stage_date_time": "2026-01-12 11:30:00",
    "modified_date_time": "2026-01-13 03:00:00",
    "sales_funnel_ext_id": "f",
    "stage_ext_id": "s",
    "contact_ext_ids": ["c1", "c2"],
    "main_contact_ext_id": "c1",
    "employee_ext_id": "e",
    "revenue": 100.5,
    "comments": "3100 USD",
    "source": "Реклама",
    "user_fields": [{"ext_id": "mp_sum", "value": "3100"}, {"ext_id": "mp_currency", "value": "USD"}],
}
FUNNEL = KnownRow(
    "h",
    {"name": "Продажи", "success": ["w", "Да"], "failed": ["l", "Нет"], "in_process": [["s", "Новая"]]},
    None,
)
NAMES = Directories(
    {"f": FUNNEL},
    {"e": KnownRow("h", "Иванова", None)},
    {"c1": KnownRow("h", {"name": "Пётр", "phones": ["79000000001"], "emails": ["a@b.test"]}, None)},
)
ROW: dict[str, Any] = {
    "deal_date_time": "2026-01-10 09:00:00",
    "deal_name": {"value": "Окна", "value_url": None},
    "deal_contact_ext_id": "c1",
    "deal_current_funnel": "Продажи",
    "deal_current_stage": "Новая",
    "deal_current_stage_date": "2026-01-12",
    "deal_contact": {"value": "Пётр"},
    "deal_contact_phone_numbers": ["+79000000001"],
    "deal_contact_emails": ["A@b.test"],
    "deal_employee": "Иванова",
    "deal_revenue": "100.50",
    "deal_comments": "3100 USD",
    "deal_source": "Реклама",
    "uf_1": "3100.00",
    "uf_2": {"value": "USD"},
}
COLUMNS = {"mp_sum": "uf_1", "mp_currency": "uf_2", "mp_goods": "uf_3"}


def differing(
    row: dict[str, Any], sent: dict[str, Any] = SENT, names: Directories = NAMES
) -> list[Difference]:
    return differences(sent, row, directories=names, columns=COLUMNS, known=frozenset(["uf_3"]))


def test_nothing_differs() -> None:
    assert differing(ROW) == []
    assert differing({**ROW, "deal_finish_date": None, "uf_3": ""}) == []


@pytest.mark.parametrize("column", [*ROW, "deal_finish_date", "uf_3"])
@pytest.mark.parametrize("other", ["1", None])
def test_each_column_is_compared_present_or_absent(column: str, other: str | None) -> None:
    row = {name: value for name, value in ROW.items() if name != column}
    found = [each.column for each in differing(row if other is None else {**row, column: other})]
    assert found == ([] if other is None and column not in ROW else [column])


def test_a_closed_deal_shows_its_day() -> None:
    sent = {**SENT, "stage_ext_id": "w", "closed_date_time": "2026-01-13 01:00:00"}
    row = {**ROW, "deal_current_stage": "Да"}
    assert differing({**row, "deal_finish_date": "2026-01-13"}, sent) == []
    assert differing(row, sent) == [Difference("deal_finish_date", "closed_date_time")]


def test_names_that_differ_in_the_directory_are_not_mended_by_the_deal() -> None:
    row = {**ROW, "deal_employee": "Петрова", "deal_current_stage": "Старая"}
    assert {each.field for each in differing(row)} == {"employee_ext_id", "stage_ext_id"}
    names = replace(NAMES, differing=frozenset(["e", "f"]))
    assert {each.field for each in differing(row, names=names)} == {None}


def test_what_is_not_known_is_not_compared() -> None:
    row = {
        **ROW,
        "deal_employee": "x",
        "deal_contact": "x",
        "deal_current_funnel": "x",
        "deal_current_stage": "x",
    }
    assert differing(row, names=Directories({}, {}, {})) == []


def test_a_missing_sum_may_be_shown_as_zero() -> None:
    sent = {name: value for name, value in SENT.items() if name != "revenue"}
    assert differing({**ROW, "deal_revenue": 0}, sent) == []
    assert differing({**ROW, "deal_revenue": 7}, sent) == [Difference("deal_revenue", "revenue")]


@pytest.mark.parametrize(
    "tree",
    [
        {"columns": [{"id": "deal_user_field_mp_sum", "name": "x", "children": []}]},
        [{"id": "group", "name": "Доп. поля", "children": [{"id": "uf_77", "name": " Сумма "}]}],
        {"id": "root", "columns": {"deals": {"id": "mp_sum"}}},
    ],
    ids=["our id at the end", "by name, nested", "our id"],
)
def test_the_column_of_a_user_field_is_found(tree: Any) -> None:
    assert list(user_field_columns(tree, {"mp_sum": "Сумма", "mp_goods": "Товары"})) == ["mp_sum"]


@pytest.mark.parametrize("revenue", ["100.5", 100.5, "100.50"])
def test_the_same_upload_is_recognised_in_any_format(revenue: Any) -> None:
    row = {
        **SENT,
        "revenue": revenue,
        "company_ext_id": None,
        "tags": [],
        "modified_date_time": "2026-01-13T03:00:00",
    }
    assert is_the_same_upload(row, SENT)
    assert is_the_same_state(row, SENT)
    assert not is_the_same_upload({**row, "modified_date_time": "2026-01-13 03:00:01"}, SENT)
    assert is_the_same_upload({**row, "modified_date_time": None}, SENT)
    assert not is_the_same_upload({**row, "modified_date_time": None, "revenue": 1}, SENT)


@pytest.mark.parametrize(
    "name", ["name", "stage_ext_id", "revenue", "employee_ext_id", "contact_ext_ids", "user_fields"]
)
def test_another_state_is_recognised(name: str) -> None:
    assert not is_the_same_state({**SENT, name: None}, SENT)


def test_the_last_record_is_the_newest_that_was_uploaded() -> None:
    rows = [
        {**SENT, "modified_date_time": "2026-01-14 03:00:00", "name": "newest"},
        {**SENT, "modified_date_time": "2026-01-15 03:00:00", "is_generated": True},
        SENT,
    ]
    assert (last_record(rows) or {})["name"] == "newest"
    assert last_record(rows[1:2]) is None
