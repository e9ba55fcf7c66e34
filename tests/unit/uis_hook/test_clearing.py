"""Values of deals are removed in a form that UIS accepts."""

from typing import Any

import pytest

from uis_hook.clearing import CLEARABLE, Clearing

GONE = {"mp_goods": None, "mp_sum": "0"}


@pytest.mark.parametrize(
    ("quirk", "fields"),
    [
        (
            "null_then_empty",
            [{"revenue": None, "source": None}, {"revenue": 0, "source": None}, {"source": None}],
        ),
        ("null", [{"revenue": None, "source": None}, {"source": None}]),
        ("empty", [{"revenue": 0, "source": ""}, {"source": ""}]),
        ("omit", [{}]),
    ],
)
def test_a_refused_form_gives_way_to_the_next(quirk: Any, fields: list[Any]) -> None:
    clearing = Clearing(quirk)
    for place, wanted in enumerate(fields):
        assert clearing.fields(["revenue", "source"]) == wanted
        assert clearing.refuse("deals.0.revenue", ["revenue", "source"], {}, None) is (
            place < len(fields) - 1
        )


def test_contacts_go_together() -> None:
    clearing = Clearing("null_then_empty")
    forms = []
    while True:
        forms.append(clearing.fields(["contact_ext_ids"]))
        if not clearing.refuse("deals.0.main_contact_ext_id", CLEARABLE, {}, None):
            break
    assert [tuple(form.values()) for form in forms] == [(None, None), ([], None), ([], ""), ()]
    assert clearing.fields(["comments"]) == {"comments": None}, "the others were not refused"


def test_user_fields_are_emptied_and_left_out_where_that_is_refused() -> None:
    clearing = Clearing("null_then_empty")
    sent = [{"ext_id": "mp_number", "value": "7"}, *clearing.user_fields(GONE)]
    assert sent[1:] == [{"ext_id": "mp_goods", "value": ""}, {"ext_id": "mp_sum", "value": ""}]
    assert not clearing.refuse("deals.0.user_fields.0.value", [], GONE, sent), "that one has a value"
    assert clearing.refuse("deals.0.user_fields.1.value", [], GONE, sent)
    assert clearing.user_fields(GONE) == [{"ext_id": "mp_sum", "value": "0"}]
    assert not clearing.refuse("deals.0.user_fields.1.value", [], GONE, sent)


@pytest.mark.parametrize(("field", "is_clearing"), [(None, True), ("deals.0", True), ("deals.0.name", False)])
def test_a_refusal_without_a_field_may_be_about_any_form(field: str | None, is_clearing: bool) -> None:
    clearing = Clearing("null_then_empty")
    assert clearing.refuse(field, ["revenue"], {"mp_sum": None}, None) is is_clearing
    assert clearing.fields(["revenue"]) == {"revenue": 0 if is_clearing else None}


def test_null_for_user_fields_only_on_demand() -> None:
    assert Clearing("null").user_fields({"mp_goods": None}) == [{"ext_id": "mp_goods", "value": None}]
    assert Clearing("omit").user_fields(GONE) == [{"ext_id": "mp_sum", "value": "0"}]
