"""Deals as they are uploaded to UIS and read back, for the tests of the emulator."""

from typing import Any

from tests.emulators.uis_client import BEGIN, END, Client

STAGES = {
    "success": {"ext_id": "won", "name": "Успех"},
    "failed": {"ext_id": "lost", "name": "Провал"},
    "in_process": [
        {"ext_id": "s1", "name": "Новая", "order": 10},
        {"ext_id": "s2", "name": "Согласование", "order": 20},
        {"ext_id": "s3", "name": "Счёт", "order": 30},
    ],
}
DAY = "2026-01-10 09:00:00"


def deal(**changes: Any) -> dict[str, Any]:
    record = {
        "ext_id": "d1",
        "name": "Окна",
        "created_date_time": DAY,
        "modified_stage_date_time": DAY,
        "sales_funnel_ext_id": "f1",
        "stage_ext_id": "s1",
        **changes,
    }
    return {name: value for name, value in record.items() if value != "absent"}


def upload(uis: Client, *records: dict[str, Any]) -> None:
    assert uis.data("upload.deals_history", deals=list(records)) == {}
    uis.advance(3)


def refusal(uis: Client, *records: dict[str, Any]) -> tuple[str, str | None]:
    return uis.error("upload.deals_history", deals=list(records))


def history(uis: Client, *names: str) -> list[Any]:
    rows = uis.data("get.deals_history", fields=list(names))
    return [tuple(row.values()) if len(names) > 1 else row[names[0]] for row in rows]


def read_back(uis: Client, *names: str) -> list[dict[str, Any]]:
    reports = uis.data("get.reports_list", filter={"field": "type", "operator": "=", "value": "deals"})
    rows: list[dict[str, Any]] = uis.data(
        "get.deals", report_id=reports[0]["id"], date_from=BEGIN, date_till=END, fields=list(names)
    )
    return rows
