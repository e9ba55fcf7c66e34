"""The report and the history are compared with what was sent, whatever format UIS uses."""

from typing import Any

import pytest

from megaplan_sync.uis_upload.directory_ledger import KnownRow
from megaplan_sync.uis_upload.history_rows import is_the_same_state, is_the_same_upload, last_record
from megaplan_sync.uis_upload.report_columns import difference, user_field_columns

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
    "user_fields": [{"ext_id": "mp_sum", "value": "3100"}, {"ext_id": "mp_currency", "value": "USD"}],
}
FUNNEL = KnownRow(
    "h",
    {"name": "Продажи", "success": ["w", "Да"], "failed": ["l", "Нет"], "in_process": [["s", "Новая"]]},
    None,
)
ROW: dict[str, Any] = {
    "deal_date_time": "2026-01-10 09:00:00",
    "deal_name": {"value": "Окна", "value_url": None},
    "deal_contact_ext_id": "c1",
    "deal_current_funnel": "Продажи",
    "deal_current_stage": "Новая",
    "deal_employee": "Иванова",
    "deal_revenue": "100.50",
    "uf_1": "3100.00",
    "uf_2": {"value": "USD"},
}
COLUMNS = {"mp_sum": "uf_1", "mp_currency": "uf_2"}


def differing(row: dict[str, Any]) -> str | None:
    return difference(SENT, row, funnel=FUNNEL, employee=KnownRow("h", "Иванова", None), columns=COLUMNS)


def test_nothing_differs() -> None:
    assert differing(ROW) is None


@pytest.mark.parametrize("column", list(ROW))
def test_each_column_is_compared(column: str) -> None:
    assert differing({**ROW, column: "1"}) == column


def test_a_missing_sum_may_be_shown_as_zero() -> None:
    sent = {name: value for name, value in SENT.items() if name != "revenue"}
    assert difference(sent, {**ROW, "deal_revenue": 0}, funnel=FUNNEL, employee=None, columns=COLUMNS) is None


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
        "comments": None,
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
