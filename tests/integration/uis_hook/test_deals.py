"""The hook against the emulator: deals and what they point at."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from uis_hook import deals
from uis_hook.account_time import moment_of
from uis_hook.client import UisClient
from uis_hook.deals import DealContact, DealRecord, FinalStage, Stage
from uis_hook.exceptions import UisDuplicateError, UisNotFoundError, UisTransportError
from uis_hook.reports import columns_tree, deals_in_processing, deals_report, report_id_of

from .emulated_cabinet import CONTACT, Emulator, MakeClient

FUNNEL = "mp-prog-3"


def prepare(client: UisClient) -> None:
    for request in (
        deals.create_sales_funnel(
            FUNNEL,
            "Продажи",
            success=FinalStage("mp-won", "Успех"),
            failed=FinalStage("mp-lost", "Отказ"),
            in_process=[Stage("mp-new", "Новая", 10), Stage("mp-talk", "Согласование", 20)],
        ),
        deals.create_deal_employee("mp-e-5", "Иванова Анна"),
        deals.create_deal_contacts(
            client.settings,
            [DealContact("mp-c-77", "Пётр Смирнов", ("+7 900 000-00-01",), ("p@example.test",))],
        ),
        deals.create_deal_user_field("mp_currency", "Валюта", "string"),
    ):
        client.ask(request)


def upload(client: UisClient, *records: DealRecord, now: datetime) -> None:
    client.ask(deals.upload_deals_history(client.settings, records, now=now))


def history(client: UisClient) -> list[dict[str, Any]]:
    return list(client.rows(deals.deals_history()))


def report(client: UisClient, now: datetime, days: int = 30) -> list[dict[str, Any]]:
    report_id = client.ask(report_id_of("deals"))
    return list(client.rows(deals_report(client.settings, now - timedelta(days=days), now, report_id)))


def deal(now: datetime, number: int = 1, **changes: Any) -> DealRecord:
    fields: dict[str, Any] = {
        "ext_id": f"mp-deal-{number}",
        "name": f"Поставка {number}",
        "created_at": now - timedelta(days=3, minutes=number),
        "stage_moved_at": now - timedelta(days=2),
        "sales_funnel_ext_id": FUNNEL,
        "stage_ext_id": "mp-new",
        "contact_ext_ids": ("mp-c-77",),
        "main_contact_ext_id": "mp-c-77",
        "employee_ext_id": "mp-e-5",
        "revenue": Decimal("150000.50"),
        "user_fields": {"mp_currency": "RUB"},
    }
    return DealRecord(**{**fields, **changes})


def test_deals_travel_to_the_cabinet_and_back(emulator: Emulator, client: UisClient) -> None:
    prepare(client)
    now = emulator.now()
    upload(client, deal(now), deal(now, 2, revenue=Decimal(7)), now=now)
    assert client.ask(deals_in_processing()) == 2
    assert report(client, now) == []
    emulator.control("clock", {"advance": 60})
    assert client.ask(deals_in_processing()) == 0
    found = {row["deal_ext_id"]: row for row in report(client, now)}
    assert set(found) == {"mp-deal-1", "mp-deal-2"}
    assert found["mp-deal-1"]["deal_revenue"] == 150000.5
    assert found["mp-deal-1"]["deal_contact_phone_numbers"] == [CONTACT]
    assert found["mp-deal-1"]["deal_current_stage"] == "Новая"
    created = moment_of(found["mp-deal-1"]["deal_date_time"], client.settings.zone)
    assert created == (now - timedelta(days=3, minutes=1)).replace(microsecond=0)

    moved = deal(now, stage_ext_id="mp-won", stage_moved_at=now, closed_at=now)
    upload(client, moved, now=now)
    emulator.control("clock", {"advance": 60})
    records = [
        row
        for row in client.rows(replace(deals.deals_history(), page_size=2))
        if row["ext_id"] == "mp-deal-1"
    ]
    assert {row["stage_ext_id"] for row in records} >= {"mp-new", "mp-won"}
    client.ask(deals.delete_deal("mp-deal-1"))
    assert {row["ext_id"] for row in history(client)} == {"mp-deal-2"}


def test_what_deals_point_at_is_made_once(client: UisClient) -> None:
    prepare(client)
    with pytest.raises(UisDuplicateError):
        client.ask(deals.create_deal_employee("mp-e-5", "Иванова Анна"))
    twice = [DealContact("mp-c-78", "X"), DealContact("mp-c-77", "Y")]
    with pytest.raises(UisDuplicateError) as caught:
        client.ask(deals.create_deal_contacts(client.settings, twice))
    assert caught.value.field == "contacts.1.ext_id"
    client.ask(deals.rename_deal_employee("mp-e-5", "Иванова Мария"))
    assert list(client.rows(deals.deal_employees())) == [{"ext_id": "mp-e-5", "name": "Иванова Мария"}]
    changed = DealContact("mp-c-77", "Пётр", ("+79000000002",))
    client.ask(deals.update_deal_contact(client.settings, changed))
    (contact,) = client.rows(deals.deal_contacts())
    assert (contact["name"], contact["phone_numbers"], contact["emails"]) == ("Пётр", ["79000000002"], [])
    fields = list(client.rows(deals.deal_user_fields()))
    assert fields == [{"ext_id": "mp_currency", "name": "Валюта", "data_type": "string"}]


def test_a_funnel_changes(client: UisClient) -> None:
    prepare(client)
    client.ask(deals.rename_sales_funnel(FUNNEL, "Продажи 2"))
    client.ask(deals.create_stage(FUNNEL, Stage("mp-late", "Поздно", 30)))
    client.ask(deals.update_stage(FUNNEL, "mp-late", name="Ждём", order=5))
    client.ask(deals.delete_stage(FUNNEL, "mp-talk"))
    (funnel,) = client.rows(deals.sales_funnels())
    assert funnel["name"] == "Продажи 2"
    assert [(stage["stage_ext_id"], stage["stage_name"]) for stage in funnel["stages"]] == [
        ("mp-late", "Ждём"),
        ("mp-new", "Новая"),
        ("mp-won", "Успех"),
        ("mp-lost", "Отказ"),
    ]


def test_one_bad_deal_fails_the_upload_and_is_named(emulator: Emulator, client: UisClient) -> None:
    prepare(client)
    now = emulator.now()
    with pytest.raises(UisNotFoundError) as caught:
        upload(client, deal(now), deal(now, 2, stage_ext_id="nowhere"), now=now)
    assert caught.value.field == "deals.1.stage_ext_id"
    emulator.control("clock", {"advance": 60})
    assert history(client) == []


def test_an_upload_whose_answer_got_lost_is_not_repeated(emulator: Emulator, client: UisClient) -> None:
    prepare(client)
    now = emulator.now()
    emulator.control("faults", {"kind": "close", "method": "upload.deals_history", "processed": True})
    with pytest.raises(UisTransportError) as caught:
        upload(client, deal(now), now=now)
    assert caught.value.maybe_accepted
    assert len(emulator.requests("upload.deals_history")) == 1
    emulator.control("clock", {"advance": 60})
    assert len(history(client)) == 1


def test_a_thousand_deals_read_in_pages(emulator: Emulator, make_client: MakeClient) -> None:
    client = make_client({"page_size": 70})
    prepare(client)
    now = emulator.now()
    # many were created in the same second, so that pages end among equals
    many = [
        deal(now, number, created_at=now - timedelta(days=5, seconds=number // 9)) for number in range(1000)
    ]
    upload(client, *many, now=now)
    emulator.control("clock", {"advance": 60})
    found = [row["deal_ext_id"] for row in report(client, now, days=400)]
    assert len(found) == 1000
    assert set(found) == {record.ext_id for record in many}


def test_the_columns_of_deals_hold_the_user_fields(client: UisClient) -> None:
    prepare(client)
    assert "Валюта" in json.dumps(client.ask(columns_tree("deals")), ensure_ascii=False)
