"""Deals, contacts and funnels as UIS wants them, and what it would refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.uis_hook.conftest import settings
from uis_hook.deals import (
    DealContact,
    DealRecord,
    FinalStage,
    Stage,
    create_deal_contacts,
    create_sales_funnel,
    create_stage,
    update_stage,
    upload_deals_history,
)

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 1, 20, tzinfo=UTC)
CREATED = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)
MOVED = datetime(2026, 1, 12, 8, 30, tzinfo=UTC)
DEAL = DealRecord("mp-deal-1001", "Поставка окон", CREATED, MOVED, "mp-prog-3", "mp-state-31")
FINAL = (FinalStage("won", "Успех"), FinalStage("lost", "Отказ"))


def test_the_least_record() -> None:
    assert DEAL.problems(NOW) == {}
    assert DEAL.params(MOSCOW) == {
        "ext_id": "mp-deal-1001",
        "name": "Поставка окон",
        "created_date_time": "2026-01-10 09:00:00",
        "modified_stage_date_time": "2026-01-12 11:30:00",
        "sales_funnel_ext_id": "mp-prog-3",
        "stage_ext_id": "mp-state-31",
    }


def test_a_whole_record() -> None:
    record = replace(
        DEAL,
        modified_at=MOVED,
        closed_at=MOVED,
        contact_ext_ids=("mp-c-77", "mp-c-78"),
        main_contact_ext_id="mp-c-77",
        employee_ext_id="mp-e-5",
        revenue=Decimal("150000.50"),
        comments="RUB",
        source="site",
        communication_id=700100200,
        communication_type="call",
        user_fields={"mp_currency": "RUB"},
    )
    assert record.problems(NOW) == {}
    assert record.params(MOSCOW) == {
        **DEAL.params(MOSCOW),
        "modified_date_time": "2026-01-12 11:30:00",
        "closed_date_time": "2026-01-12 11:30:00",
        "contact_ext_ids": ["mp-c-77", "mp-c-78"],
        "main_contact_ext_id": "mp-c-77",
        "employee_ext_id": "mp-e-5",
        "revenue": 150000.5,
        "comments": "RUB",
        "source": "site",
        "communication_id": 700100200,
        "communication_type": "call",
        "user_fields": [{"ext_id": "mp_currency", "value": "RUB"}],
    }


def test_a_sum_of_nothing_is_told() -> None:
    assert replace(DEAL, revenue=Decimal("0.00")).params(MOSCOW)["revenue"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ext_id": " "}, "ext_id"),
        ({"name": ""}, "name"),
        ({"stage_ext_id": ""}, "stage_ext_id"),
        ({"created_at": datetime(2026, 1, 10)}, "created_at"),
        ({"closed_at": datetime(2026, 1, 10)}, "closed_at"),
        ({"created_at": NOW + timedelta(1), "stage_moved_at": NOW + timedelta(1)}, "created_at"),
        ({"stage_moved_at": CREATED - timedelta(seconds=1)}, "stage_moved_at"),
        ({"closed_at": CREATED - timedelta(seconds=1)}, "closed_at"),
        ({"contact_ext_ids": ("a",)}, "main_contact_ext_id"),
        ({"main_contact_ext_id": "a"}, "main_contact_ext_id"),
        ({"contact_ext_ids": ("a",), "main_contact_ext_id": "b"}, "main_contact_ext_id"),
        ({"communication_id": 1}, "communication_id"),
        ({"communication_type": "call"}, "communication_id"),
        ({"revenue": Decimal("NaN")}, "revenue"),
    ],
)
def test_one_bad_record_is_found_before_it_fails_the_whole_upload(
    changes: dict[str, Any], field: str
) -> None:
    bad = replace(DEAL, **changes)
    assert list(bad.problems(NOW)) == [field]
    with pytest.raises(ValueError, match=rf"record 1 .*{field}"):
        upload_deals_history(settings(), [DEAL, bad], now=NOW)


@pytest.mark.parametrize("count", [0, 1001])
def test_an_upload_has_one_to_a_thousand_records(count: int) -> None:
    with pytest.raises(ValueError, match=rf"{count} records .* 1 to 1000"):
        upload_deals_history(settings(), [DEAL] * count, now=NOW)
    with pytest.raises(ValueError, match=rf"{count} contacts .* 1 to 1000"):
        create_deal_contacts(settings(), [DealContact("c", "C")] * count)


def test_an_upload_comes_twice_only_when_told_so() -> None:
    careless = settings(vendor_quirks={"resend_uploads": True})
    assert not upload_deals_history(settings(), [DEAL] * 1000, now=NOW).may_come_twice
    assert upload_deals_history(careless, [DEAL], now=NOW).may_come_twice


def test_contacts() -> None:
    contact = DealContact(
        "mp-c-77", "Пётр", ("+7 900 000-00-01",), ("a@example.test", "a@example.test"), CREATED
    )
    request = create_deal_contacts(settings(), [contact, DealContact("mp-c-78", "ООО")])
    assert request.params["contacts"] == [
        {
            "ext_id": "mp-c-77",
            "name": "Пётр",
            "created_date_time": "2026-01-10 09:00:00",
            "phone_numbers": ["79000000001"],
            "emails": ["a@example.test"],
        },
        {"ext_id": "mp-c-78", "name": "ООО", "phone_numbers": [], "emails": []},
    ]
    plus = create_deal_contacts(settings(vendor_quirks={"contact_phone_form": "plus"}), [contact])
    assert plus.params["contacts"][0]["phone_numbers"] == ["+79000000001"]


def test_a_contacts_bad_phone_is_named_by_its_contact_and_not_quoted() -> None:
    with pytest.raises(ValueError, match="mp-c-9") as caught:
        create_deal_contacts(settings(), [DealContact("mp-c-9", "X", ("8 900 111-22-33",))])
    assert "111" not in str(caught.value)


def test_a_funnel() -> None:
    request = create_sales_funnel("mp-prog-3", "Продажи", *FINAL, [Stage("mp-state-31", "Новая", 10)])
    assert request.params == {
        "ext_id": "mp-prog-3",
        "name": "Продажи",
        "stages": {
            "success": {"ext_id": "won", "name": "Успех"},
            "failed": {"ext_id": "lost", "name": "Отказ"},
            "in_process": [{"ext_id": "mp-state-31", "name": "Новая", "order": 10}],
        },
    }


@pytest.mark.parametrize("count", [0, 101])
def test_a_funnel_has_one_to_a_hundred_stages_in_process(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} stages"):
        create_sales_funnel("f", "F", *FINAL, [Stage(str(n), "S", n) for n in range(count)])


def test_a_stages_order_has_an_end() -> None:
    with pytest.raises(ValueError, match="10001"):
        create_stage("f", Stage("s", "S", 10_001))
    assert update_stage("f", "s", name="T").params == {
        "sales_funnel_ext_id": "f",
        "ext_id": "s",
        "name": "T",
    }
