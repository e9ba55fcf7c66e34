"""The hook against the emulator: deals and what they point at."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from uis_hook.deals import DealContact, DealRecord, FinalStage, Stage
from uis_hook.exceptions import UisDuplicateError, UisNotFoundError, UisTransportError
from uis_hook.hook import UisHook

from .emulated_cabinet import CONTACT, Emulator, MakeHook, rows

FUNNEL = "mp-prog-3"


def prepare(hook: UisHook) -> None:
    hook.create_sales_funnel(
        FUNNEL,
        "Продажи",
        success=FinalStage("mp-won", "Успех"),
        failed=FinalStage("mp-lost", "Отказ"),
        in_process=[Stage("mp-new", "Новая", 10), Stage("mp-talk", "Согласование", 20)],
    )
    hook.create_deal_employee("mp-e-5", "Иванова Анна")
    hook.create_deal_contacts(
        [DealContact("mp-c-77", "Пётр Смирнов", ("+7 900 000-00-01",), ("p@example.test",))]
    )
    hook.create_deal_user_field("mp_currency", "Валюта", "string")


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


def test_deals_travel_to_the_cabinet_and_back(emulator: Emulator, hook: UisHook) -> None:
    prepare(hook)
    now = emulator.now()
    hook.upload_deals_history([deal(now), deal(now, 2, revenue=Decimal(7))], now=now)
    assert hook.deals_in_processing() == 2
    assert rows(hook.deals(now - timedelta(days=30), now)) == []
    emulator.control("clock", {"advance": 60})
    assert hook.deals_in_processing() == 0
    found = {row["deal_ext_id"]: row for row in rows(hook.deals(now - timedelta(days=30), now))}
    assert set(found) == {"mp-deal-1", "mp-deal-2"}
    assert found["mp-deal-1"]["deal_revenue"] == 150000.5
    assert found["mp-deal-1"]["deal_contact_phone_numbers"] == [CONTACT]
    assert found["mp-deal-1"]["deal_current_stage"] == "Новая"
    created = hook.moment(found["mp-deal-1"]["deal_date_time"])
    assert created == (now - timedelta(days=3, minutes=1)).replace(microsecond=0)

    moved = deal(now, stage_ext_id="mp-won", stage_moved_at=now, closed_at=now)
    hook.upload_deals_history([moved], now=now)
    emulator.control("clock", {"advance": 60})
    history = [row for row in rows(hook.deals_history(page_size=2)) if row["ext_id"] == "mp-deal-1"]
    assert {row["stage_ext_id"] for row in history} >= {"mp-new", "mp-won"}
    hook.delete_deal("mp-deal-1")
    assert {row["ext_id"] for row in rows(hook.deals_history())} == {"mp-deal-2"}


def test_what_deals_point_at_is_made_once(hook: UisHook) -> None:
    prepare(hook)
    with pytest.raises(UisDuplicateError):
        hook.create_deal_employee("mp-e-5", "Иванова Анна")
    with pytest.raises(UisDuplicateError) as caught:
        hook.create_deal_contacts([DealContact("mp-c-78", "X"), DealContact("mp-c-77", "Y")])
    assert caught.value.field == "contacts.1.ext_id"
    hook.rename_deal_employee("mp-e-5", "Иванова Мария")
    assert hook.deal_employees() == [{"ext_id": "mp-e-5", "name": "Иванова Мария"}]
    hook.update_deal_contact(DealContact("mp-c-77", "Пётр", ("+79000000002",)))
    (contact,) = rows(hook.deal_contacts())
    assert (contact["name"], contact["phone_numbers"], contact["emails"]) == ("Пётр", ["79000000002"], [])
    assert hook.deal_user_fields() == [{"ext_id": "mp_currency", "name": "Валюта", "data_type": "string"}]


def test_a_funnel_changes(hook: UisHook) -> None:
    prepare(hook)
    hook.rename_sales_funnel(FUNNEL, "Продажи 2")
    hook.create_stage(FUNNEL, Stage("mp-late", "Поздно", 30))
    hook.update_stage(FUNNEL, "mp-late", name="Ждём", order=5)
    hook.delete_stage(FUNNEL, "mp-talk")
    (funnel,) = hook.sales_funnels()
    assert funnel["name"] == "Продажи 2"
    assert [(stage["stage_ext_id"], stage["stage_name"]) for stage in funnel["stages"]] == [
        ("mp-late", "Ждём"),
        ("mp-new", "Новая"),
        ("mp-won", "Успех"),
        ("mp-lost", "Отказ"),
    ]


def test_one_bad_deal_fails_the_upload_and_is_named(emulator: Emulator, hook: UisHook) -> None:
    prepare(hook)
    now = emulator.now()
    with pytest.raises(UisNotFoundError) as caught:
        hook.upload_deals_history([deal(now), deal(now, 2, stage_ext_id="nowhere")], now=now)
    assert caught.value.field == "deals.1.stage_ext_id"
    emulator.control("clock", {"advance": 60})
    assert rows(hook.deals_history()) == []


def test_an_upload_whose_answer_got_lost_is_not_repeated(emulator: Emulator, hook: UisHook) -> None:
    prepare(hook)
    now = emulator.now()
    emulator.control("faults", {"kind": "close", "method": "upload.deals_history", "processed": True})
    with pytest.raises(UisTransportError) as caught:
        hook.upload_deals_history([deal(now)], now=now)
    assert caught.value.maybe_accepted
    assert len(emulator.requests("upload.deals_history")) == 1
    emulator.control("clock", {"advance": 60})
    assert len(rows(hook.deals_history())) == 1


def test_a_thousand_deals_read_in_pages(emulator: Emulator, make_hook: MakeHook) -> None:
    hook = make_hook({"page_size": 70})
    prepare(hook)
    now = emulator.now()
    # many were created in the same second, so that pages end among equals
    many = [
        deal(now, number, created_at=now - timedelta(days=5, seconds=number // 9)) for number in range(1000)
    ]
    hook.upload_deals_history(many, now=now)
    emulator.control("clock", {"advance": 60})
    found = [row["deal_ext_id"] for row in rows(hook.deals(now - timedelta(days=400), now))]
    assert len(found) == 1000
    assert set(found) == {record.ext_id for record in many}


def test_the_columns_of_deals_hold_the_user_fields(hook: UisHook) -> None:
    prepare(hook)
    assert "Валюта" in json.dumps(hook.columns_tree("deals"), ensure_ascii=False)
