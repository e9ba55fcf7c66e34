"""Deals and what they point at, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.uis_hook.conftest import START, MakeHook
from tests.unit.uis_hook.fake_uis import SILENCE, Asked, FakeUis, Reply, result, table
from uis_hook.deals import DealContact, DealRecord, FinalStage, Stage
from uis_hook.exceptions import UisTransportError
from uis_hook.hook import UisHook


def test_what_deals_point_at(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(result({"ext_id": "f"}))
    hook.create_sales_funnel(
        "f", "F", success=FinalStage("w", "W"), failed=FinalStage("l", "L"), in_process=[Stage("s", "S", 10)]
    )
    hook.rename_sales_funnel("f", "G")
    hook.create_stage("f", Stage("t", "T", 20))
    hook.update_stage("f", "t", order=30)
    hook.delete_stage("f", "t")
    hook.create_deal_employee("e", "E")
    hook.rename_deal_employee("e", "F")
    hook.create_deal_contacts([DealContact("c", "C", ("+79000000001",))])
    hook.update_deal_contact(DealContact("c", "D"))
    hook.create_deal_user_field("mp_currency", "Валюта", "string")
    hook.delete_deal("d")
    assert [each.method for each in uis.asked()] == [
        "create.sales_funnel",
        "update.sales_funnel",
        "create.sales_funnel_stages",
        "update.sales_funnel_stages",
        "delete.sales_funnel_stages",
        "create.deal_employees",
        "update.deal_employees",
        "create.deal_contacts",
        "update.deal_contacts",
        "create.deal_user_field",
        "delete.deals",
    ]
    assert all(each.path == "/v2.0" for each in uis.asked())


def test_the_lists_around_deals(hook: UisHook, uis: FakeUis) -> None:
    uis.answer = table([{"ext_id": "x"}])
    for read in (hook.sales_funnels, hook.deal_employees, hook.deal_user_fields):
        assert read() == [{"ext_id": "x"}]
    for walk in (hook.deal_contacts, hook.deals_history):
        assert [page.rows for page in walk()] == [[{"ext_id": "x"}]]
    assert [each.method for each in uis.asked()] == [
        "get.sales_funnel",
        "get.deal_employees",
        "get.deal_user_fields",
        "get.deal_contacts",
        "get.deals_history",
    ]


DEAL = DealRecord("d", "D", START, START, "f", "s", revenue=Decimal(150000))


def test_an_upload_whose_answer_got_lost_is_left_to_the_caller(make_hook: MakeHook, uis: FakeUis) -> None:
    uis.in_turn(SILENCE, result({}))
    with pytest.raises(UisTransportError) as caught:
        make_hook().upload_deals_history([DEAL])
    assert caught.value.maybe_accepted
    make_hook({"vendor_quirks": {"resend_uploads": True}}).upload_deals_history([DEAL])
    uis.in_turn(SILENCE, result({}))
    make_hook({"vendor_quirks": {"resend_uploads": True}}).upload_deals_history([DEAL])
    assert uis.asked()[-1].params["deals"] == [
        {
            "ext_id": "d",
            "name": "D",
            "created_date_time": "2026-01-01 03:00:00",
            "modified_stage_date_time": "2026-01-01 03:00:00",
            "sales_funnel_ext_id": "f",
            "stage_ext_id": "s",
            "revenue": 150000,
        }
    ]
    assert len(uis.asked()) == 4


def test_a_deal_from_the_future_is_not_sent(hook: UisHook, uis: FakeUis) -> None:
    with pytest.raises(ValueError, match="created_at"):
        hook.upload_deals_history([DEAL], now=START - timedelta(seconds=1))
    assert uis.requests == []


def test_novofon_knows_no_communication_of_a_deal(make_hook: MakeHook, uis: FakeUis) -> None:
    record = replace(DEAL, communication_id=700100200, communication_type="call")
    with pytest.raises(ValueError, match="communication_id: Novofon"):
        make_hook({"brand": "novofon"}).upload_deals_history([record])
    assert uis.requests == []
    make_hook().upload_deals_history([record])
    assert uis.asked()[0].params["deals"][0]["communication_id"] == 700100200


def test_how_many_deals_are_waiting(hook: UisHook, uis: FakeUis) -> None:
    uis.in_turn(result({"count": 3}))
    assert hook.deals_in_processing() == 3
    uis.in_turn(result({}))
    with pytest.raises(UisTransportError, match="count"):
        hook.deals_in_processing()


def test_deals_as_the_cabinet_shows_them(hook: UisHook, uis: FakeUis) -> None:
    row = {"deal_ext_id": "d", "deal_date_time": "2026-01-01 03:00:00"}

    def answer(asked: Asked) -> Reply:
        if asked.method == "get.reports_list":
            return result([{"id": 1, "type": "calls"}, {"id": 9, "type": "deals"}])
        return result(row, total=1)

    uis.answer = answer
    (page,) = hook.deals(START, START + timedelta(days=300))
    assert page.rows == [row]
    asked = uis.asked("get.deals")[0].params
    assert asked["report_id"] == 9
    assert "deal_revenue" in asked["fields"]
    assert (asked["date_from"], asked["date_till"]) == ("2026-01-01 03:00:00", "2026-10-28 03:00:00")
    list(hook.deals(START, START, report_id=10))
    assert len(uis.asked("get.reports_list")) == 1
    uis.in_turn(result([{"id": 1, "name": "deal_ext_id"}]))
    assert hook.columns_tree() == [{"id": 1, "name": "deal_ext_id"}]
    assert uis.asked("getobj.columns_tree")[0].params["report_type"] == "deals"
