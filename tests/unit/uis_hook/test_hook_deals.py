"""Deals and what they point at, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.uis_hook.conftest import START, MakeClient
from tests.unit.uis_hook.fake_uis import SILENCE, Asked, FakeUis, Reply, result, table
from uis_hook import deals
from uis_hook.client import UisClient
from uis_hook.deals import DealContact, DealRecord, FinalStage, Stage
from uis_hook.exceptions import UisTransportError
from uis_hook.reports import columns_tree, deals_in_processing, deals_report, report_id_of


def test_what_deals_point_at(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(result({"ext_id": "f"}))
    for request in (
        deals.create_sales_funnel(
            "f",
            "F",
            success=FinalStage("w", "W"),
            failed=FinalStage("l", "L"),
            in_process=[Stage("s", "S", 10)],
        ),
        deals.rename_sales_funnel("f", "G"),
        deals.create_stage("f", Stage("t", "T", 20)),
        deals.update_stage("f", "t", order=30),
        deals.delete_stage("f", "t"),
        deals.create_deal_employee("e", "E"),
        deals.rename_deal_employee("e", "F"),
        deals.create_deal_contacts(client.settings, [DealContact("c", "C", ("+79000000001",))]),
        deals.update_deal_contact(client.settings, DealContact("c", "D")),
        deals.create_deal_user_field("mp_currency", "Валюта", "string"),
        deals.rename_deal_user_field("mp_currency", "Currency"),
        deals.delete_deal("d"),
    ):
        client.ask(request)
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
        "update.deal_user_field",
        "delete.deals",
    ]
    assert all(each.path == "/v2.0" for each in uis.asked())


def test_the_lists_around_deals(client: UisClient, uis: FakeUis) -> None:
    uis.answer = table([{"ext_id": "x"}])
    for listing in (
        deals.sales_funnels(),
        deals.deal_employees(),
        deals.deal_user_fields(),
        deals.deal_contacts(),
        deals.deals_history(),
    ):
        assert [page.rows for page in client.pages(listing)] == [[{"ext_id": "x"}]]
    assert [each.method for each in uis.asked()] == [
        "get.sales_funnel",
        "get.deal_employees",
        "get.deal_user_fields",
        "get.deal_contacts",
        "get.deals_history",
    ]


def upload(client: UisClient, record: DealRecord, **options: Any) -> None:
    client.ask(deals.upload_deals_history(client.settings, [record], **options))


DEAL = DealRecord("d", "D", START, START, "f", "s", revenue=Decimal(150000))


def test_an_upload_whose_answer_got_lost_is_left_to_the_caller(make_client: MakeClient, uis: FakeUis) -> None:
    uis.in_turn(SILENCE, result({}))
    with pytest.raises(UisTransportError) as caught:
        upload(make_client(), DEAL)
    assert caught.value.maybe_accepted
    upload(make_client({"vendor_quirks": {"resend_uploads": True}}), DEAL)
    uis.in_turn(SILENCE, result({}))
    upload(make_client({"vendor_quirks": {"resend_uploads": True}}), DEAL)
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


def test_a_deal_from_the_future_is_not_sent(client: UisClient, uis: FakeUis) -> None:
    with pytest.raises(ValueError, match="created_at"):
        upload(client, DEAL, now=START - timedelta(seconds=1))
    assert uis.requests == []


def test_novofon_knows_no_communication_of_a_deal(make_client: MakeClient, uis: FakeUis) -> None:
    record = replace(DEAL, communication_id=700100200, communication_type="call")
    with pytest.raises(ValueError, match="communication_id: Novofon"):
        upload(make_client({"brand": "novofon"}), record)
    assert uis.requests == []
    upload(make_client(), record)
    assert uis.asked()[0].params["deals"][0]["communication_id"] == 700100200


def test_how_many_deals_are_waiting(client: UisClient, uis: FakeUis) -> None:
    uis.in_turn(result({"count": 3}))
    assert client.ask(deals_in_processing()) == 3
    uis.in_turn(result({}))
    with pytest.raises(UisTransportError, match="count"):
        client.ask(deals_in_processing())


def test_deals_as_the_cabinet_shows_them(client: UisClient, uis: FakeUis) -> None:
    row = {"deal_ext_id": "d", "deal_date_time": "2026-01-01 03:00:00"}

    def answer(asked: Asked) -> Reply:
        if asked.method == "get.reports_list":
            return result([{"id": 1, "type": "calls"}, {"id": 9, "type": "deals"}])
        return result(row, total=1)

    uis.answer = answer
    report_id = client.ask(report_id_of("deals"))
    (page,) = client.pages(deals_report(client.settings, START, START + timedelta(days=300), report_id))
    assert page.rows == [row]
    asked = uis.asked("get.deals")[0].params
    assert asked["report_id"] == 9
    assert "deal_revenue" in asked["fields"]
    assert (asked["date_from"], asked["date_till"]) == ("2026-01-01 03:00:00", "2026-10-28 03:00:00")
    uis.in_turn(result([{"id": 1, "name": "deal_ext_id"}]))
    assert client.ask(columns_tree("deals")) == [{"id": 1, "name": "deal_ext_id"}]
    assert uis.asked("getobj.columns_tree")[0].params["report_type"] == "deals"
