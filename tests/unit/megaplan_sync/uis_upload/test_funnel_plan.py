"""Pipelines become funnels."""

from typing import Any

import pytest

from megaplan_sync.uis_upload.funnel_plan import FunnelPlan, plan_funnel, stage_orders


def stage(number: int, name: str, kind: str | None = "active") -> dict[str, Any]:
    return {"id": number, "name": name, "type": kind}


def plan(*stages: dict[str, Any]) -> FunnelPlan:
    return plan_funnel("mp1", 3, "Продажи", stages)


def test_one_stage_of_each_kind() -> None:
    made = plan(stage(1, "Новая"), stage(2, "Продано", "positive"), stage(3, "Отказ", "negative"))
    assert made.content == {
        "name": "Продажи",
        "success": ["mp1-pipeline-3-success", "Продано"],
        "failed": ["mp1-pipeline-3-failed", "Отказ"],
        "in_process": [["mp1-stage-1", "Новая"]],
    }
    assert made.stage_of == {1: "mp1-stage-1", 2: "mp1-pipeline-3-success", 3: "mp1-pipeline-3-failed"}
    assert made.finals == {2, 3}


def test_several_final_stages_are_merged_into_one_with_their_names() -> None:
    made = plan(
        stage(1, "Новая"),
        stage(2, "Отказ", "negative"),
        stage(3, "Дубль", "negative"),
        stage(4, "Отказ", "negative"),
    )
    assert made.failed.name == "Отказ / Дубль"
    assert {made.stage_of[number] for number in (2, 3, 4)} == {"mp1-pipeline-3-failed"}
    assert made.success.name == "Успешно реализовано"


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["а" * 60, "б" * 60], "Успешно реализовано"), (["а" * 150], "а" * 150)],
    ids=["several, too long together", "a single long one"],
)
def test_long_names_of_final_stages(names: list[str], expected: str) -> None:
    made = plan(*(stage(number, name, "positive") for number, name in enumerate(names)))
    assert made.success.name == expected


def test_a_funnel_needs_a_stage_in_process() -> None:
    assert [each.name for each in plan(stage(2, "Продано", "positive")).in_process] == ["В работе"]


def test_a_stage_of_an_unknown_type_is_in_process() -> None:
    assert plan(stage(1, "Новая", None)).stage_of == {1: "mp1-stage-1"}


def test_too_many_stages_are_refused() -> None:
    plan(*(stage(number, str(number)) for number in range(100)))
    with pytest.raises(ValueError, match="101 stages"):
        plan(*(stage(number, str(number)) for number in range(101)))


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ([None, None, None], [10, 20, 30]),
        ([10, 20, 30], [10, 20, 30]),
        ([10, None, 20], [10, 15, 20]),
        ([10, 11, None], [10, 11, 21]),
        ([20, 30, 10], [20, 30, 40]),
        ([10, None, 11], [10, 11, 21]),
        ([None, 10], [5, 10]),
        ([9_999, None], [10, 20]),
    ],
    ids=[
        "new",
        "nothing to do",
        "between",
        "at the end",
        "first becomes last",
        "no room",
        "at the start",
        "no numbers left",
    ],
)
def test_stages_are_put_in_order_with_few_moves(present: list[int | None], expected: list[int]) -> None:
    assert stage_orders(present) == expected
