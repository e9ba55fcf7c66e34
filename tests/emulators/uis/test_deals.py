"""Deals: the hard rules of the upload, and what is read back."""

from typing import Any

import pytest

from tests.emulators.uis_client import Client
from tests.emulators.uis_deals import DAY, deal, history, read_back, refusal, upload

pytest_plugins = ["tests.emulators.uis_fixtures"]


@pytest.mark.parametrize(
    ("changes", "mnemonic", "name"),
    [
        ({"name": "absent"}, "required_parameter_missed", "name"),
        ({"stage_ext_id": "absent"}, "required_parameter_missed", "stage_ext_id"),
        ({"created_date_time": "10.01.2026"}, "invalid_date_time", "created_date_time"),
        ({"created_date_time": "2026-01-15 10:00:01"}, "invalid_parameter_value", "created_date_time"),
        (
            {"modified_stage_date_time": "2026-01-15 10:00:01"},
            "invalid_parameter_value",
            "modified_stage_date_time",
        ),
        (
            {"modified_stage_date_time": "2026-01-10 08:59:59"},
            "invalid_parameter_value",
            "modified_stage_date_time",
        ),
        ({"modified_date_time": "2027-01-01 00:00:00"}, "invalid_parameter_value", "modified_date_time"),
        ({"closed_date_time": "2026-01-09 00:00:00"}, "invalid_parameter_value", "closed_date_time"),
        ({"contact_ext_ids": ["c1"]}, "invalid_parameters_combination", "main_contact_ext_id"),
        ({"main_contact_ext_id": "c1"}, "invalid_parameters_combination", "contact_ext_ids"),
        (
            {"contact_ext_ids": ["c1"], "main_contact_ext_id": "c2"},
            "invalid_parameter_value",
            "main_contact_ext_id",
        ),
        (
            {"contact_ext_ids": ["c1", "c9"], "main_contact_ext_id": "c1"},
            "entity_not_found",
            "contact_ext_ids.1",
        ),
        ({"employee_ext_id": "e9"}, "entity_not_found", "employee_ext_id"),
        ({"sales_funnel_ext_id": "f9"}, "entity_not_found", "sales_funnel_ext_id"),
        ({"stage_ext_id": "s9"}, "entity_not_found", "stage_ext_id"),
        ({"revenue": "150000"}, "data_type_error", "revenue"),
        ({"currency": "RUB"}, "unexpected_parameters", "currency"),
        ({"communication_id": 5}, "invalid_parameters_combination", "communication_type"),
        ({"communication_type": "call"}, "invalid_parameters_combination", "communication_id"),
        ({"communication_id": 5, "communication_type": "call"}, "entity_not_found", "communication_id"),
        (
            {"communication_id": 5, "communication_type": "fax"},
            "invalid_parameter_value",
            "communication_type",
        ),
        ({"user_fields": [{"ext_id": "no", "value": "1"}]}, "entity_not_found", "user_fields.0.ext_id"),
        ({"user_fields": [{"ext_id": "currency", "value": 1}]}, "data_type_error", "user_fields.0.value"),
        (
            {"user_fields": [{"ext_id": "rate", "value": "much"}]},
            "invalid_parameter_value",
            "user_fields.0.value",
        ),
    ],
)
def test_one_bad_record_fails_the_whole_upload(
    funnel: Client, changes: dict[str, Any], mnemonic: str, name: str
) -> None:
    records = [deal(ext_id="good"), deal(**changes), deal(ext_id="good2")]
    answer = funnel.rpc("upload.deals_history", deals=records)["error"]["data"]
    assert (answer["mnemonic"], answer["field"]) == (mnemonic, f"deals.1.{name}")
    funnel.advance(60)
    assert history(funnel, "ext_id") == []
    assert funnel.data("get.deals_in_processing") == {"count": 0}


def test_a_record_with_a_wrong_link_names_its_deal(funnel: Client) -> None:
    answer = funnel.rpc("upload.deals_history", deals=[deal(), deal(ext_id="d2", stage_ext_id="s9")])
    assert answer["error"]["data"]["params"] == {"index": 1, "ext_id": "d2"}


def test_the_upload_is_processed_later(funnel: Client) -> None:
    funnel.control("knobs", {"deals_processing_s": 30})
    funnel.data("upload.deals_history", deals=[deal(), deal(ext_id="d2")])
    assert funnel.data("get.deals_in_processing") == {"count": 2}
    assert read_back(funnel, "deal_ext_id") == []
    assert history(funnel, "ext_id") == []
    funnel.advance(31)
    assert funnel.data("get.deals_in_processing") == {"count": 0}
    assert len(read_back(funnel, "deal_ext_id")) == 2


def test_stages_do_not_move_back_in_time(funnel: Client) -> None:
    upload(funnel, deal(modified_stage_date_time="2026-01-12 09:00:00"))
    earlier = deal(modified_stage_date_time="2026-01-12 08:59:59")
    assert refusal(funnel, earlier) == ("invalid_parameter_value", "deals.0.modified_stage_date_time")
    upload(funnel, deal(modified_stage_date_time="2026-01-12 09:00:00", revenue=5))
    assert read_back(funnel, "deal_revenue") == [{"deal_revenue": 5}]


def test_the_last_loaded_record_may_be_still_in_processing_or_in_the_same_request(funnel: Client) -> None:
    later, earlier = (deal(modified_stage_date_time=f"2026-01-{day} 09:00:00") for day in (12, 11))
    assert refusal(funnel, later, earlier)[1] == "deals.1.modified_stage_date_time"
    funnel.data("upload.deals_history", deals=[later])
    assert refusal(funnel, earlier)[1] == "deals.0.modified_stage_date_time"


def test_a_contact_changes_only_with_a_later_stage_time(funnel: Client) -> None:
    upload(funnel, deal(contact_ext_ids=["c1"], main_contact_ext_id="c1"))
    other = {"contact_ext_ids": ["c2"], "main_contact_ext_id": "c2"}
    assert refusal(funnel, deal(**other)) == ("invalid_parameter_value", "deals.0.contact_ext_ids")
    upload(funnel, deal(**other, modified_stage_date_time="2026-01-10 09:00:01"))
    assert read_back(funnel, "deal_contact_ext_id") == [{"deal_contact_ext_id": "c2"}]


def test_skipped_stages_are_generated(funnel: Client) -> None:
    upload(funnel, deal())
    upload(funnel, deal(stage_ext_id="won", modified_stage_date_time="2026-01-12 09:00:00"))
    assert history(funnel, "stage_ext_id", "is_generated") == [
        ("s1", False),
        ("s2", True),
        ("s3", True),
        ("won", False),
    ]


def test_a_failure_skips_nothing_and_remembers_where_it_happened(funnel: Client) -> None:
    upload(funnel, deal(stage_ext_id="s2"))
    lost = deal(
        stage_ext_id="lost",
        modified_stage_date_time="2026-01-12 09:00:00",
        closed_date_time="2026-01-13 09:00:00",
    )
    upload(funnel, lost)
    assert history(funnel, "stage_ext_id") == ["s1", "s2", "lost"]
    row = read_back(funnel, "stage_before_failure", "deal_finish_date", "deal_current_stage", "deal_cycle")[0]
    assert row == {
        "stage_before_failure": "Согласование",
        "deal_finish_date": "2026-01-13",
        "deal_current_stage": "Провал",
        "deal_cycle": 3,
    }


def test_a_closing_date_counts_only_on_a_final_stage(funnel: Client) -> None:
    upload(funnel, deal(closed_date_time="2026-01-11 09:00:00"))
    assert read_back(funnel, "deal_finish_date") == [{"deal_finish_date": None}]


def test_a_deal_is_read_back(funnel: Client) -> None:
    fields = [{"ext_id": "currency", "value": "RUB"}, {"ext_id": "rate", "value": "1.5"}]
    record = deal(
        contact_ext_ids=["c2", "c1"],
        main_contact_ext_id="c1",
        employee_ext_id="e1",
        revenue=150000.5,
        comments="RUB; Окно x3",
        source="Сайт",
        user_fields=fields,
    )
    upload(funnel, record)
    tree = funnel.data("getobj.columns_tree", report_type="deals")["columns"]
    row = read_back(funnel, *[column["id"] for column in tree])[0]
    own = {column["name"]: row[column["id"]] for column in tree if "user_field" in column["id"]}
    assert own == {"Валюта": "RUB", "Курс": "1.5"}
    expected = {
        "deal_date_time": DAY,
        "deal_current_funnel": "Продажи",
        "deal_current_stage": "Новая",
        "deal_current_stage_date": "2026-01-10",
        "deal_name": {"value": "Окна", "value_url": None},
        "deal_contact": {"value": "Пётр Смирнов", "value_url": None},
        "deal_contact_phone_numbers": ["79005550001"],
        "deal_revenue": 150000.5,
        "deal_employee": "Иванова Анна",
        "deal_comments": "RUB; Окно x3",
        "deal_source": "Сайт",
        "deal_ext_id": "d1",
    }
    assert {name: row[name] for name in expected} == expected


def test_deals_are_reported_by_creation_date_and_only_with_fields(funnel: Client) -> None:
    upload(funnel, deal(), deal(ext_id="old", created_date_time="2025-06-01 00:00:00"))
    assert read_back(funnel) == []
    assert [row["deal_ext_id"] for row in read_back(funnel, "deal_ext_id")] == ["d1"]
    assert len(history(funnel, "ext_id")) == 2


def test_the_report_may_come_as_one_object(funnel: Client) -> None:
    upload(funnel, deal())
    funnel.control("knobs", {"flat_data_object": True})
    assert read_back(funnel, "deal_ext_id") == {"deal_ext_id": "d1"}  # type: ignore[comparison-overlap]


def test_calls_of_the_contact_are_linked_for_thirty_days(funnel: Client) -> None:
    far = funnel.play("incoming_answered", contact="79005550001", start="2025-12-11 08:59:00")["id"]
    near = funnel.play("incoming_answered", contact="79005550001", start="2026-01-08 09:00:00")["id"]
    other = funnel.play("incoming_answered", contact="79005550002", start="2026-01-09 09:00:00")["id"]
    upload(funnel, deal(contact_ext_ids=["c1"], main_contact_ext_id="c1"))
    row = read_back(funnel, "communication_id", "communication", "days_before_start_deal")[0]
    assert (row["communication_id"], row["days_before_start_deal"]) == (near, 2)
    assert [one["id"] for one in row["communication"]] == [near]
    explicit = deal(ext_id="d2", communication_id=other, communication_type="call")
    upload(funnel, explicit | {"contact_ext_ids": ["c1"], "main_contact_ext_id": "c1"})
    assert read_back(funnel, "communication_id")[1]["communication_id"] == other
    assert far not in {one["id"] for one in row["communication"]}


@pytest.mark.parametrize("name", ["lead_ext_id", "company_ext_id", "tags"])
def test_novofon_knows_less_of_a_deal(funnel: Client, name: str) -> None:
    funnel.control("knobs", {"brand": "novofon"})
    value: Any = [{"ext_id": "t", "name": "t"}] if name == "tags" else "x"
    assert refusal(funnel, deal(**{name: value})) == ("unexpected_parameters", f"deals.0.{name}")
    upload(funnel, deal())


def test_deals_need_their_component(funnel: Client) -> None:
    funnel.control("knobs", {"disabled_components": "sales_funnel"})
    assert refusal(funnel, deal())[0] == "method_component_disabled"


def test_a_deal_can_be_deleted(funnel: Client) -> None:
    upload(funnel, deal())
    funnel.data("delete.deals", ext_id="d1")
    assert history(funnel, "ext_id") == []
    assert funnel.error("delete.deals", ext_id="d1") == ("entity_not_found", "ext_id")


FULL = {
    "contact_ext_ids": ["c1"],
    "main_contact_ext_id": "c1",
    "employee_ext_id": "e1",
    "revenue": 7,
    "comments": "RUB",
    "user_fields": [{"ext_id": "currency", "value": "RUB"}],
}
SHOWN = ("deal_contact_ext_id", "deal_employee", "deal_revenue", "deal_comments", "deal_user_field_currency")


@pytest.mark.parametrize(
    ("knobs", "changes", "shown"),
    [
        ({}, {}, ["c1", "Иванова Анна", 7, "RUB", "RUB"]),
        ({"omitted_deal_fields": "drop"}, {}, [None] * 5),
        ({}, {"user_fields": [{"ext_id": "rate", "value": "1"}]}, ["c1", "Иванова Анна", 7, "RUB", None]),
        (
            {"merged_user_fields": True},
            {"user_fields": [{"ext_id": "rate", "value": "1"}]},
            ["c1", "Иванова Анна", 7, "RUB", "RUB"],
        ),
        (
            {},
            {
                **{"contact_ext_ids": None, "main_contact_ext_id": None, "employee_ext_id": None},
                **{"revenue": None, "comments": None},
            },
            [None, None, None, None, "RUB"],
        ),
        (
            {"cleared_by": "empty"},
            {
                **{"contact_ext_ids": [], "main_contact_ext_id": "", "employee_ext_id": "", "comments": ""},
                "user_fields": [{"ext_id": "currency", "value": ""}],
            },
            [None, None, 7, None, ""],
        ),
    ],
)
def test_what_a_record_leaves_out_or_empties(
    funnel: Client, knobs: dict[str, Any], changes: dict[str, Any], shown: list[Any]
) -> None:
    funnel.control("knobs", knobs)
    upload(funnel, deal(**FULL))
    upload(funnel, deal(modified_stage_date_time="2026-01-10 09:00:01", **changes))
    (row,) = read_back(funnel, *SHOWN)
    assert list(row.values()) == shown


@pytest.mark.parametrize(
    ("cleared_by", "changes", "refused"),
    [
        ("null", {"comments": ""}, ("invalid_parameter_value", "deals.0.comments")),
        ("null", {"contact_ext_ids": []}, ("invalid_parameter_value", "deals.0.contact_ext_ids")),
        ("empty", {"revenue": None}, ("data_type_error", "deals.0.revenue")),
        ("nothing", {"source": None}, ("data_type_error", "deals.0.source")),
        ("null", {"revenue": 1e15}, ("invalid_parameter_value", "deals.0.revenue")),
        (
            "null",
            {"user_fields": [{"ext_id": "currency", "value": " "}]},
            ("invalid_parameter_value", "deals.0.user_fields.0.value"),
        ),
        (
            "null",
            {"user_fields": [{"ext_id": "rate", "value": "-1e15"}]},
            ("invalid_parameter_value", "deals.0.user_fields.0.value"),
        ),
    ],
)
def test_other_ways_to_remove_a_value_and_long_numbers_are_refused(
    funnel: Client, cleared_by: str, changes: dict[str, Any], refused: tuple[str, str]
) -> None:
    funnel.control("knobs", {"cleared_by": cleared_by})
    assert refusal(funnel, deal(**changes)) == refused


def test_a_deal_that_cannot_be_deleted(funnel: Client) -> None:
    upload(funnel, deal(ext_id="mp-deal-1"))
    funnel.control("knobs", {"undeletable_deals": "1"})
    assert funnel.error("delete.deals", ext_id="mp-deal-1") == ("dependency_error", "ext_id")
