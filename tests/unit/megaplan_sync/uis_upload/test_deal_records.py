"""A deal's facts become records of its history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from megaplan_sync.uis_upload.deal_records import DealFacts, DealProblem, Move, RecordBuilder
from megaplan_sync.uis_upload.funnel_plan import plan_funnel

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
CREATED = datetime(2026, 1, 10, 6, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
STAGES = [
    {"id": 31, "name": "Новая", "type": "active"},
    {"id": 32, "name": "Договор", "type": "active"},
    {"id": 33, "name": "Продано", "type": "positive"},
    {"id": 34, "name": "Отказ", "type": "negative"},
]
FIELDS = frozenset(
    f"mp_{name}"
    for name in ("sum", "currency", "goods", "stage", "advertising_way", "number", "link", "loss_reason")
)
FUNNELS = {3: plan_funnel("mp1", 3, "Продажи", STAGES)}
BUILDER = RecordBuilder(
    FUNNELS, ZONE, 60, "https://mp1.megaplan.ru/deals/{id}/card/", FIELDS, {4: "mend in UIS"}
)
CONTENT: dict[str, Any] = {
    "name": "Поставка окон",
    "number": "ТК-1",
    "program_id": 3,
    "state_id": 32,
    "stage": "Договор",
    "stage_type": "active",
    "created_at": CREATED.isoformat(),
    "stage_since": "2026-01-12T08:30:00.7+00:00",
    "employee": "mp1-employee-5",
    "contacts": ["mp1-contact-77", "mp1-contact-78"],
    "main_contact": "mp1-contact-77",
    "revenue": "240711.73748999997",
    "sum": "3100",
    "currency": "USD",
    "goods": "Окно ПВХ × 3 шт",
    "advertising_way": "Реклама",
    "fields": {"mp_loss_reason": "Дорого"},
}
FACTS = DealFacts(1001, "mp1-deal-1001", CONTENT, "hash", datetime(2026, 1, 13, tzinfo=UTC), None)


def facts(sent: dict[str, Any] | None = None, **changes: Any) -> DealFacts:
    return replace(FACTS, content={**CONTENT, **changes}, sent=sent)


def made(deal: DealFacts, *moves: Move, now: datetime = NOW) -> list[dict[str, Any]]:
    return [record.params(ZONE) for record in BUILDER.records(deal, moves, now)]


def move(day: int, state: int, program: int = 3) -> Move:
    return Move(datetime(2026, 1, day, 8, 30, tzinfo=UTC), program, state, f"этап {state}")


def stage_of(record: dict[str, Any]) -> str:
    (stage,) = [field["value"] for field in record["user_fields"] if field["ext_id"] == "mp_stage"]
    return str(stage)


def test_a_new_deal() -> None:
    assert made(FACTS) == [
        {
            "ext_id": "mp1-deal-1001",
            "name": "Поставка окон",
            "sales_funnel_ext_id": "mp1-pipeline-3",
            "stage_ext_id": "mp1-stage-32",
            "created_date_time": "2026-01-10 09:00:00",
            "modified_stage_date_time": "2026-01-12 11:30:00",
            "modified_date_time": "2026-01-13 03:00:00",
            "contact_ext_ids": ["mp1-contact-77", "mp1-contact-78"],
            "main_contact_ext_id": "mp1-contact-77",
            "employee_ext_id": "mp1-employee-5",
            "revenue": 240711.74,
            "comments": "3100 USD; Окно ПВХ × 3 шт",
            "source": "Реклама",
            "user_fields": [
                {"ext_id": "mp_sum", "value": "3100"},
                {"ext_id": "mp_currency", "value": "USD"},
                {"ext_id": "mp_goods", "value": "Окно ПВХ × 3 шт"},
                {"ext_id": "mp_stage", "value": "Договор"},
                {"ext_id": "mp_advertising_way", "value": "Реклама"},
                {"ext_id": "mp_number", "value": "ТК-1"},
                {"ext_id": "mp_link", "value": "https://mp1.megaplan.ru/deals/1001/card/"},
                {"ext_id": "mp_loss_reason", "value": "Дорого"},
            ],
        }
    ]


def test_a_deal_with_hardly_any_values() -> None:
    empty = dict.fromkeys(
        ("employee", "main_contact", "revenue", "sum", "currency", "goods", "advertising_way", "fields")
    )
    (record,) = made(facts(**empty, contacts=[], stage_since=None))
    assert record["modified_stage_date_time"] == record["created_date_time"]
    assert not {"contact_ext_ids", "revenue", "comments", "source", "employee_ext_id"} & set(record)


def test_moves_become_records_in_order_and_a_final_stage_closes_the_deal() -> None:
    records = made(
        facts(state_id=33, stage="Продано", stage_since="2026-01-15T08:30:00+00:00"),
        move(9, 31),  # before the deal was created: raised to its creation
        move(11, 32),
        move(12, 31),
        move(13, 99),  # an unknown stage
        move(14, 31, program=8),  # an unknown pipeline
        move(15, 33),
    )
    assert [record["stage_ext_id"] for record in records] == [
        *("mp1-stage-31", "mp1-stage-32", "mp1-stage-31"),
        "mp1-pipeline-3-success",
    ]
    times = [record["modified_stage_date_time"] for record in records]
    assert times == [
        "2026-01-10 09:00:00",
        "2026-01-11 11:30:00",
        "2026-01-12 11:30:00",
        "2026-01-15 11:30:00",
    ]
    assert [record.get("closed_date_time") for record in records] == [None, None, None, "2026-01-15 11:30:00"]
    assert [stage_of(record) for record in records] == [
        "этап 31",
        "этап 32",
        "этап 31",
        "Продано",
    ]


def sent(**changes: Any) -> dict[str, Any]:
    return {**made(FACTS)[0], **changes}


def test_a_changed_sum_keeps_the_time_of_the_stage() -> None:
    (record,) = made(facts(sent(), revenue="5"), move(12, 32))
    assert record["modified_stage_date_time"] == sent()["modified_stage_date_time"]
    assert record["modified_date_time"] == "2026-01-13 03:00:01", "each upload has a later time"


@pytest.mark.parametrize(
    "changes",
    [
        {"contacts": ["mp1-contact-78"], "main_contact": "mp1-contact-78"},
        {"main_contact": "mp1-contact-78"},
        {"contacts": [], "main_contact": None},
    ],
)
def test_another_contact_moves_the_time_of_the_stage_by_a_second(changes: dict[str, Any]) -> None:
    (record,) = made(facts(sent(), **changes))
    assert record["modified_stage_date_time"] == "2026-01-12 11:30:01"


def test_only_moves_later_than_those_in_uis_are_added() -> None:
    records = made(
        facts(sent(), state_id=32, stage_since="2026-01-17T08:30:00+00:00"),
        *(move(11, 31), move(12, 32), move(16, 31), move(17, 32)),
    )
    assert [record["modified_stage_date_time"] for record in records] == [
        "2026-01-16 11:30:00",
        "2026-01-17 11:30:00",
    ]


def test_an_earlier_stage_time_is_not_sent() -> None:
    (record,) = made(facts(sent(modified_stage_date_time="2026-01-14 00:00:00"), revenue="1"))
    assert record["modified_stage_date_time"] == "2026-01-14 00:00:00"


@pytest.mark.parametrize(
    ("changes", "words", "remedy", "retry_at"),
    [
        ({"created_at": None}, "created_at: it is empty", "mend in Megaplan", None),
        ({"created_at": "2027-01-01T00:00:00+00:00"}, "future", "wait", datetime(2027, 1, 1, tzinfo=UTC)),
        (
            {"stage_since": "2027-01-01T00:00:00+00:00"},
            "stage_moved_at: it lies in the future",
            "wait",
            datetime(2027, 1, 1, tzinfo=UTC),
        ),
        ({"state_id": 99}, "pipeline or stage", "wait", NOW),
        ({"program_id": None}, "pipeline or stage", "wait", NOW),
        ({"program_id": 4}, "pipeline or stage", "mend in UIS", NOW),
        ({"main_contact": "mp1-contact-1"}, "none of contact_ext_ids", "mend in Megaplan", None),
        *(
            ({name: text}, name, "mend in Megaplan", None)
            for name in ("revenue", "sum")
            for text in (
                "NaN",
                "Infinity",
                "1e30",
                "-1e30",
                "1e999999",
                "12345678901234567890",
                "1" + "0" * 13,
            )
        ),
    ],
)
def test_what_uis_would_refuse_is_a_problem_of_the_deal(
    changes: dict[str, Any], words: str, remedy: str, retry_at: datetime | None
) -> None:
    with pytest.raises(DealProblem, match=words) as caught:
        made(facts(**changes))
    assert (caught.value.remedy, caught.value.retry_at) == (remedy, retry_at)


def test_two_changes_within_one_second_wait_for_the_next_one() -> None:
    moment = "2026-01-20 15:00:00"  # now, in Moscow
    with pytest.raises(DealProblem, match="future"):
        made(facts(sent(modified_date_time=moment), revenue="1"))
    assert made(facts(sent(modified_date_time=moment), revenue="1"), now=NOW + timedelta(seconds=1))


def test_long_texts_are_cut() -> None:
    (record,) = made(facts(goods="Окно " * 100))
    goods = next(each["value"] for each in record["user_fields"] if each["ext_id"] == "mp_goods")
    assert len(goods) == 60
    assert goods.endswith("…")


def test_a_user_field_that_uis_lacks_is_left_out() -> None:
    builder = replace(BUILDER, user_fields=FIELDS - {"mp_goods", "mp_stage"})
    records = [record.params(ZONE) for record in builder.records(FACTS, [move(11, 31), move(12, 32)], NOW)]
    named = [{field["ext_id"] for field in record["user_fields"]} for record in records]
    assert named == [FIELDS - {"mp_goods", "mp_stage"}] * 2
    assert builder.version != BUILDER.version, "once UIS has it, all deals are compared again"


SENT_BEFORE = {
    "modified_stage_date_time": "2026-01-12 11:30:00",
    "modified_date_time": "2026-01-13 03:00:00",
    "contact_ext_ids": ["mp1-contact-77"],
    "main_contact_ext_id": "mp1-contact-77",
    "employee_ext_id": "mp1-employee-5",
    "revenue": 0,
    "comments": "3100 USD",
    "source": "Реклама",
    "user_fields": [
        {"ext_id": "mp_sum", "value": "3100"},
        {"ext_id": "mp_link", "value": "x"},
        {"ext_id": "mp_gone", "value": "x"},
    ],
}
NOTHING: dict[str, Any] = {
    "employee": None,
    "contacts": [],
    "main_contact": None,
    "revenue": None,
    "sum": None,
    "currency": None,
    "goods": None,
    "advertising_way": None,
}


def test_values_that_uis_has_and_the_deal_has_no_more_are_removed() -> None:
    (record,) = BUILDER.records(facts(SENT_BEFORE, **NOTHING), (), NOW)
    assert record.cleared == {"contact_ext_ids", "employee_ext_id", "revenue", "comments", "source"}
    assert record.cleared_user_fields == {"mp_sum": None}, "UIS has no other user field that is gone"
    assert record.stage_moved_at == datetime(2026, 1, 12, 8, 30, 1, tzinfo=UTC), "contacts need a later time"


def test_nothing_is_removed_that_was_never_sent() -> None:
    (record,) = BUILDER.records(facts(None, **NOTHING), (), NOW)
    assert not record.cleared
    assert not record.cleared_user_fields


def test_what_the_report_still_shows_is_removed_with_a_word_if_need_be() -> None:
    sent = {name: SENT_BEFORE[name] for name in ("modified_stage_date_time", "modified_date_time")}
    stale = ["contact_ext_ids", "revenue", "mp_sum", "mp_goods", "mp_number"]
    deal = replace(facts(sent, **NOTHING), stale=stale)
    (record,) = BUILDER.records(deal, (), NOW)
    assert record.cleared == {"contact_ext_ids", "revenue"}
    assert record.cleared_user_fields == {"mp_sum": "0", "mp_goods": "—"}, (
        "the number is there, and sent again"
    )
    assert record.stage_moved_at == datetime(2026, 1, 12, 8, 30, 1, tzinfo=UTC)
