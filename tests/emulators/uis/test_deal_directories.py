"""What deals refer to: funnels and their stages, employees, contacts, user fields, companies."""

from typing import Any

import pytest

from tests.emulators.uis_client import Client
from tests.emulators.uis_deals import STAGES, deal, read_back, refusal, upload

pytest_plugins = ["tests.emulators.uis_fixtures"]


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
