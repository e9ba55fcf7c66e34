"""Deals: funnels, people, fields, the hard rules of the upload, and what is read back."""

from typing import Any

import pytest

from tests.emulators.uis_client import BEGIN, END, Client

pytest_plugins = ["tests.emulators.uis_fixtures"]
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


@pytest.fixture
def funnel(uis: Client) -> Client:
    """Give an account with a funnel, an employee, two contacts and two user fields."""
    uis.data("create.sales_funnel", ext_id="f1", name="Продажи", stages=STAGES)
    uis.data("create.deal_employees", ext_id="e1", name="Иванова Анна")
    contacts = [
        {
            "ext_id": "c1",
            "name": "Пётр Смирнов",
            "phone_numbers": ["79005550001"],
            "emails": ["p@example.test"],
        },
        {"ext_id": "c2", "name": "Ольга Попова"},
    ]
    uis.data("create.deal_contacts", contacts=contacts)
    uis.data("create.deal_user_field", ext_id="currency", name="Валюта", data_type="string")
    uis.data("create.deal_user_field", ext_id="rate", name="Курс", data_type="numeric")
    return uis


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


# funnels


def test_final_stages_get_their_orders(funnel: Client) -> None:
    row = funnel.data("get.sales_funnel")[0]
    stages = [(s["stage_ext_id"], s["stage_status"], s["stage_order"]) for s in row["stages"]]
    assert stages == [
        ("s1", "in_process", 10),
        ("s2", "in_process", 20),
        ("s3", "in_process", 30),
        ("won", "success", 10010),
        ("lost", "failed", 10020),
    ]


@pytest.mark.parametrize(
    ("changes", "mnemonic", "field"),
    [
        ({"ext_id": "f1"}, "duplicate_entity", "ext_id"),
        ({"stages": STAGES | {"success": None}}, "required_parameter_missed", "stages.success"),
        ({"stages": STAGES | {"in_process": []}}, "invalid_parameter_value", "stages.in_process"),
        (
            {"stages": STAGES | {"success": [STAGES["success"]] * 2}},
            "data_type_error",
            "stages.success",
        ),
        (
            {"stages": STAGES | {"in_process": [{"ext_id": "a", "name": "b", "order": 10001}]}},
            "invalid_parameter_value",
            "stages.in_process.0.order",
        ),
        ({"stages": STAGES | {"failed": STAGES["success"]}}, "duplicate_entity", "stages"),
        (
            {
                "stages": STAGES
                | {"in_process": [{"ext_id": str(n), "name": "x", "order": n} for n in range(101)]}
            },
            "data_limit_exceeded",
            "stages.in_process",
        ),
    ],
)
def test_wrong_funnels(funnel: Client, changes: dict[str, Any], mnemonic: str, field: str) -> None:
    sound = {"ext_id": "f2", "name": "Вторая", "stages": STAGES}
    assert funnel.error("create.sales_funnel", **(sound | changes)) == (mnemonic, field)


def test_funnels_and_stages_change(funnel: Client) -> None:
    funnel.data("update.sales_funnel", ext_id="f1", name="Розница")
    stage = {"sales_funnel_ext_id": "f1", "ext_id": "s4"}
    funnel.data("create.sales_funnel_stages", **stage, name="Оплата", order=25)
    assert (
        funnel.error("create.sales_funnel_stages", **stage, name="Оплата", order=25)[0] == "duplicate_entity"
    )
    funnel.data("update.sales_funnel_stages", **stage, name="Оплачено", order=40)
    final = stage | {"ext_id": "won"}
    assert funnel.error("update.sales_funnel_stages", **final, order=5)[0] == "invalid_parameters_combination"
    assert funnel.error("delete.sales_funnel_stages", **final)[0] == "forbidden"
    row = funnel.data("get.sales_funnel")[0]
    assert row["name"] == "Розница"
    assert ("Оплачено", 40) in [(s["stage_name"], s["stage_order"]) for s in row["stages"]]
    for name in ("s4", "s3", "s2"):
        funnel.data("delete.sales_funnel_stages", **(stage | {"ext_id": name}))
    assert funnel.error("delete.sales_funnel_stages", **(stage | {"ext_id": "s1"}))[0] == "dependency_error"


def test_what_holds_deals_stays(funnel: Client) -> None:
    upload(funnel, deal())
    stage = {"sales_funnel_ext_id": "f1", "ext_id": "s1"}
    assert funnel.error("delete.sales_funnel_stages", **stage)[0] == "dependency_error"
    assert funnel.error("delete.sales_funnel", ext_id="f1")[0] == "dependency_error"
    funnel.data("delete.deals", ext_id="d1")
    funnel.data("delete.sales_funnel", ext_id="f1")
    assert funnel.data("get.sales_funnel") == []


# people and fields


def test_people_of_deals(funnel: Client) -> None:
    assert funnel.error("create.deal_employees", ext_id="e1", name="x") == ("duplicate_entity", "ext_id")
    funnel.data("update.deal_employees", ext_id="e1", name="Иванова А.")
    assert funnel.data("get.deal_employees") == [{"ext_id": "e1", "name": "Иванова А."}]
    upload(funnel, deal(employee_ext_id="e1"))
    assert funnel.error("delete.deal_employees", ext_id="e1")[0] == "dependency_error"
    contact = funnel.data("get.deal_contacts")[1]
    assert (contact["component"], contact["phone_numbers"]) == ("dataapi", [])
    assert contact["created_date_time"] == "2026-01-15 10:00:00"
    funnel.data("update.deal_contacts", ext_id="c1", phone_numbers=["79005550009"])
    contact = funnel.data("get.deal_contacts")[0]
    assert (contact["phone_numbers"], contact["emails"]) == (["79005550009"], ["p@example.test"])


@pytest.mark.parametrize(
    ("contact", "mnemonic", "field"),
    [
        ({"ext_id": "c1", "name": "x"}, "duplicate_entity", "contacts.1.ext_id"),
        ({"ext_id": "c9"}, "required_parameter_missed", "contacts.1.name"),
        (
            {"ext_id": "c9", "name": "x", "phone_numbers": ["8 900 555"]},
            "invalid_parameter_value",
            "contacts.1.phone_numbers.0",
        ),
        (
            {"ext_id": "c9", "name": "x", "emails": ["a@b.c", "a@b.c"]},
            "invalid_parameter_value",
            "contacts.1.emails.1",
        ),
    ],
)
def test_one_wrong_contact_fails_all(
    funnel: Client, contact: dict[str, Any], mnemonic: str, field: str
) -> None:
    contacts = [{"ext_id": "c8", "name": "Верный"}, contact]
    assert funnel.error("create.deal_contacts", contacts=contacts) == (mnemonic, field)
    assert len(funnel.data("get.deal_contacts")) == 2


def test_at_most_a_thousand(funnel: Client) -> None:
    contacts = [{"ext_id": f"x{n}", "name": "x"} for n in range(1001)]
    assert funnel.error("create.deal_contacts", contacts=contacts) == ("data_limit_exceeded", "contacts")
    assert refusal(funnel, *[deal(ext_id=str(n)) for n in range(1001)]) == ("data_limit_exceeded", "deals")
    upload(funnel, *[deal(ext_id=str(n)) for n in range(1000)])
    assert len(read_back(funnel, "deal_ext_id")) == 1000


def test_user_fields(funnel: Client) -> None:
    assert [row["data_type"] for row in funnel.data("get.deal_user_fields")] == ["string", "numeric"]
    wrong = {"ext_id": "z", "name": "Z", "data_type": "date"}
    assert funnel.error("create.deal_user_field", **wrong) == ("invalid_parameter_value", "data_type")
    funnel.data("delete.deal_user_field", ext_id="rate")
    assert len(funnel.data("get.deal_user_fields")) == 1


def test_companies_and_crm_accounts(funnel: Client) -> None:
    funnel.data("create.crm_company", ext_id="co", name="ООО", contact_ext_ids=["c1"])
    assert funnel.error("create.crm_company", ext_id="c3", name="x", contact_ext_ids=["no"])[1] == (
        "contact_ext_ids.0"
    )
    upload(funnel, deal(company_ext_id="co"))
    assert read_back(funnel, "deal_company") == [{"deal_company": {"value": "ООО", "value_url": None}}]
    account = {"name": "Megaplan", "url": "https://x.test", "deal_conversion_model": "last_before_deal"}
    assert funnel.error("create.crm_account", **account, type="megaplan")[1] == "type"
    funnel.data("create.crm_account", **account)
    assert funnel.data("get.crm_account")[0]["deals_load_state"] == "not_loaded"


# the upload


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
