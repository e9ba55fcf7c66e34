"""Employees, statuses, numbers, address book, tags; and what every list has in common."""

from typing import Any

import pytest

from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures"]


def employee(uis: Client, id: int = 501) -> dict[str, Any]:
    row: dict[str, Any] = uis.data("get.employees", filter={"field": "id", "operator": "=", "value": id})[0]
    return row


def full(uis: Client, **changes: Any) -> dict[str, Any]:
    """Return an update.employees that has everything its table calls required."""
    row = employee(uis)
    return {"id": 501, "last_name": row["last_name"], "phone_numbers": row["phone_numbers"], **changes}


def test_the_account_tells_its_zone(uis: Client) -> None:
    row = uis.data("get.account")[0]
    assert row["timezone"] == "Europe/Moscow"
    uis.control("knobs", {"account_shape": "object"})
    assert uis.data("get.account") == row


def test_an_employee_has_an_extension_and_telephones(uis: Client) -> None:
    row = employee(uis)
    assert row["extension"]["extension_phone_number"] == "101"
    assert row["phone_numbers"][0] == {
        "phone_id": 9001,
        "phone_number": "0100001",
        "channels_count": 1,
        "dial_time": 30,
        "status": "active",
    }
    assert (row["status"], row["status_id"]) == ("available", 1)


def test_a_telephone_may_have_an_extension_behind_dots(uis: Client) -> None:
    numbers = [phone["phone_number"] for row in uis.data("get.employees") for phone in row["phone_numbers"]]
    assert "74955140578...2348" in numbers


def test_empty_values(uis: Client) -> None:
    uis.mutate("add_employee", fields={"last_name": "Пустой"})
    row = uis.data("get.employees", filter={"field": "last_name", "operator": "=", "value": "Пустой"})[0]
    assert (row["email"], row["phone_numbers"], row["extension"]) == (None, [], {})


def test_the_table_of_update_employees_wins_over_its_prose(uis: Client) -> None:
    assert uis.error("update.employees", id=501, status_id=3) == ("required_parameter_missed", "last_name")
    row = employee(uis)
    assert uis.error("update.employees", id=501, status_id=3, last_name=row["last_name"]) == (
        "required_parameter_missed",
        "phone_numbers",
    )
    assert employee(uis)["status_id"] == 1
    assert uis.data("update.employees", **full(uis, status_id=3)) == {}
    assert (employee(uis)["status"], employee(uis)["status_id"]) == ("do_not_disturb", 3)
    assert employee(uis)["phone_numbers"] == row["phone_numbers"]


def test_a_partial_update_may_be_enough(uis: Client) -> None:
    uis.control("knobs", {"update_employees_requires_full": False})
    uis.data("update.employees", id=501, status_id=3)
    assert employee(uis)["status_id"] == 3
    uis.data("update.employees", id=501, status="break")
    assert employee(uis)["status_id"] == 2


def test_a_list_of_telephones_replaces_the_old_one(uis: Client) -> None:
    uis.data("update.employees", **full(uis, phone_numbers=[{"phone_number": "79990001122"}]))
    phones = employee(uis)["phone_numbers"]
    assert [(phone["phone_number"], phone["dial_time"]) for phone in phones] == [("79990001122", 60)]


def test_settings_of_a_number_are_shared_by_all_who_have_it(uis: Client) -> None:
    uis.data(
        "update.employees", **full(uis, id=502, phone_numbers=[{"phone_number": "0100001", "dial_time": 9}])
    )
    assert employee(uis)["phone_numbers"][0]["dial_time"] == 9


@pytest.mark.parametrize(
    ("changes", "mnemonic", "field"),
    [
        ({"status_id": 77}, "entity_not_found", "status_id"),
        ({"status_id": 6}, "invalid_parameter_value", "status_id"),
        ({"status_id": "3"}, "data_type_error", "status_id"),
        ({"status": "sleeping"}, "invalid_parameter_value", "status"),
        ({"id": 5}, "entity_not_found", "id"),
        ({"nickname": "x"}, "unexpected_parameters", "nickname"),
        ({"last_name": None}, "data_type_error", "last_name"),
        ({"phone_numbers": [{}]}, "required_parameter_missed", "phone_numbers.0.phone_number"),
        (
            {"phone_numbers": [{"phone_number": "abc"}]},
            "invalid_parameter_value",
            "phone_numbers.0.phone_number",
        ),
        (
            {"phone_numbers": [{"phone_number": "0100001", "dial_time": 101}]},
            "invalid_parameter_value",
            "phone_numbers.0.dial_time",
        ),
        (
            {"phone_numbers": [{"phone_number": f"7900000000{n}"} for n in range(11)]},
            "invalid_parameter_value",
            "phone_numbers",
        ),
        (
            {"extension": {"extension_phone_number": "123456"}},
            "invalid_parameter_value",
            "extension.extension_phone_number",
        ),
        (
            {"extension": {"extension_phone_number": "102"}},
            "already_in_use",
            "extension.extension_phone_number",
        ),
    ],
)
def test_a_wrong_update_changes_nothing(
    uis: Client, changes: dict[str, Any], mnemonic: str, field: str
) -> None:
    before = employee(uis)
    assert uis.error("update.employees", **full(uis, **changes)) == (mnemonic, field)
    assert employee(uis) == before


def test_statuses_are_found_by_mnemonic(uis: Client) -> None:
    rows = uis.data("get.statuses")
    assert {row["mnemonic"]: row["id"] for row in rows} == {
        "available": 1,
        "break": 2,
        "do_not_disturb": 3,
        "not_at_workplace": 4,
        "not_at_work": 5,
        "unknown": 6,
        None: 101,
    }
    assert uis.data("get.statuses", is_deleted=True) == []


def test_a_status_set_elsewhere_is_only_seen_by_asking(uis: Client) -> None:
    uis.control("events", method="DELETE")
    uis.mutate("set_status", employee="101", status="do_not_disturb")
    found = uis.data(
        "get.employees",
        fields=["id", "status_id"],
        filter={"field": "status_id", "operator": "=", "value": 3},
    )
    assert found == [{"id": 501, "status_id": 3}]
    assert uis.events() == []


def test_a_group_lists_all_its_telephones(uis: Client) -> None:
    group = uis.data("get.group_employees")[0]
    listed = [
        {"employee_phone_number_id": p["employee_phone_number_id"], "available": False}
        for p in group["phone_numbers"]
    ]
    assert uis.error("update.group_employees_numbers", id=1, phone_numbers=listed[1:])[1] == "phone_numbers"
    listed[-1]["available"] = True
    uis.data("update.group_employees_numbers", id=1, phone_numbers=listed)
    assert uis.play("incoming_lost")["employees"] == [503]


# lists


def test_lists_have_pages(uis: Client) -> None:
    answer = uis.rpc("get.employees", limit=3, offset=8)
    assert [row["id"] for row in answer["result"]["data"]] == [509, 510]
    assert answer["result"]["metadata"]["total_items"] == 10


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 10_001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"offset": 100_001}, "offset"),
        ({"offset": -1}, "offset"),
    ],
)
def test_pages_have_bounds(uis: Client, params: dict[str, Any], field: str) -> None:
    assert uis.data("get.employees", limit=10_000, offset=100_000) == []
    assert uis.error("get.employees", **params) == ("invalid_parameter_value", field)


def test_only_asked_fields_come(uis: Client) -> None:
    assert uis.data("get.employees", fields=["id"], limit=1) == [{"id": 501}]
    assert uis.error("get.employees", fields=["id", "salary"]) == ("invalid_parameter_value", "fields.1")


def ids(uis: Client, filter: dict[str, Any]) -> list[int]:
    return [row["id"] - 500 for row in uis.data("get.employees", filter=filter, fields=["id"])]


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", 502, [2]),
        ("!=", 502, [1, 3, 4, 5, 6, 7, 8, 9, 10]),
        (">", 508, [9, 10]),
        (">=", 509, [9, 10]),
        ("<", 503, [1, 2]),
        ("<=", 502, [1, 2]),
        ("in", [501, 510], [1, 10]),
        ("not_in", [501, 502, 503, 504, 505, 506, 507, 508], [9, 10]),
        ("is_null", None, []),
    ],
)
def test_comparisons(uis: Client, operator: str, value: Any, expected: list[int]) -> None:
    assert ids(uis, {"field": "id", "operator": operator, "value": value}) == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("like", "user1%", [1, 10]),
        ("like", "USER1%", []),
        ("ilike", "USER1%", [1, 10]),
        ("not_ilike", "USER1%", [2, 3, 4, 5, 6, 7, 8, 9]),
        ("regexp", "r[23]$", [2, 3]),
        ("=", None, []),
    ],
)
def test_texts(uis: Client, operator: str, value: Any, expected: list[int]) -> None:
    assert ids(uis, {"field": "login", "operator": operator, "value": value}) == expected


def test_filters_are_trees(uis: Client) -> None:
    def leaf(operator: str, value: int) -> dict[str, Any]:
        return {"field": "id", "operator": operator, "value": value}

    middle = {"filters": [leaf(">", 503), leaf("<", 506)], "condition": "and"}
    assert ids(uis, {"filters": [middle, leaf("=", 510)], "condition": "or"}) == [4, 5, 10]


@pytest.mark.parametrize(
    ("filter", "mnemonic", "field"),
    [
        ({"field": "salary", "operator": "=", "value": 1}, "unexpected_parameters", "filter.field"),
        ({"field": "phone_numbers", "operator": "=", "value": 1}, "filter_prohibited", "filter.field"),
        ({"field": "id", "operator": "~", "value": 1}, "invalid_parameter_value", "filter.operator"),
        ({"field": "id", "value": 1}, "required_parameter_missed", "filter.operator"),
        ({"field": "id", "operator": "in", "value": 1}, "data_type_error", "filter.value"),
        ({"filters": [{"operator": "="}]}, "required_parameter_missed", "filter.filters.0.field"),
        ({"filters": [], "condition": "xor"}, "invalid_parameter_value", "filter.condition"),
    ],
)
def test_wrong_filters(uis: Client, filter: dict[str, Any], mnemonic: str, field: str) -> None:
    assert uis.error("get.employees", filter=filter) == (mnemonic, field)


def test_sorting(uis: Client) -> None:
    rows = uis.data("get.employees", sort=[{"field": "id", "order": "desc"}], fields=["id"], limit=2)
    assert [row["id"] for row in rows] == [510, 509]
    assert uis.error("get.employees", sort=[{"field": "groups"}]) == ("sort_prohibited", "sort.0.field")
    assert uis.error("get.employees", sort=[{"field": "salary"}]) == ("unexpected_parameters", "sort.0.field")
    wrong = [{"field": "id", "order": "up"}]
    assert uis.error("get.employees", sort=wrong) == ("invalid_parameter_value", "sort.0.order")


# numbers, address book, tags


def test_numbers_know_their_scenarios(uis: Client) -> None:
    row = uis.data("get.virtual_numbers")[1]
    assert row["virtual_phone_number"] == "74950000002"
    assert row["scenarios"][0]["scenario_name"] == "Ответственный"
    names = {row["id"]: row["name"] for row in uis.data("get.scenarios")}
    assert names[2] == "Ответственный"


def test_a_rule_can_be_switched_off(uis: Client) -> None:
    rule = uis.data("get.virtual_numbers")[0]["scenarios"][0]["call_processing_rule_id"]
    uis.data("set.call_processing_rule_is_active", id=rule, type="scenario", is_active=False)
    assert (
        uis.data("getobj.call_processing_rules", number_capacity_id=301)["scenarios"][0]["is_active"] is False
    )
    assert uis.play("incoming")["finish_reason"] == "no_active_scenario"
    uis.data("set.call_processing_rule_is_active", id=rule, type="scenario", is_active=True)
    assert uis.play("incoming")["is_lost"] is False


def test_the_address_book(uis: Client) -> None:
    made = uis.data(
        "create.contacts", last_name="Сидоров", phone_numbers=["79001112233"], personal_manager_id=502
    )
    by_phone = {"field": "id", "operator": "=", "value": made["id"]}
    row = uis.data("get.contacts", filter=by_phone)[0]
    assert (row["full_name"], row["personal_manager_id"]) == ("Сидоров", 502)
    uis.data("update.contacts", id=made["id"], first_name="Пётр", phone_numbers=["79001112244"])
    row = uis.data("get.contacts", filter=by_phone)[0]
    assert (row["full_name"], row["phone_numbers"]) == ("Сидоров Пётр", ["79001112244"])
    uis.data("delete.contacts", id=made["id"])
    assert uis.data("get.contacts", filter=by_phone) == []


@pytest.mark.parametrize(
    ("params", "mnemonic", "field"),
    [
        ({"phone_numbers": ["+79001112233"]}, "invalid_parameter_value", "phone_numbers.0"),
        ({"phone_numbers": ["79000000001"]}, "duplicate_entity", "phone_numbers.0"),
        ({"personal_manager_id": 5}, "entity_not_found", "personal_manager_id"),
        ({"phone_numbers": []}, "invalid_parameter_value", "phone_numbers"),
    ],
)
def test_a_wrong_contact(uis: Client, params: dict[str, Any], mnemonic: str, field: str) -> None:
    sound = {"last_name": "Сидоров", "phone_numbers": ["79001112233"]}
    assert uis.error("create.contacts", **(sound | params)) == (mnemonic, field)


def test_tags_are_put_on_calls_and_taken_off(uis: Client) -> None:
    id = uis.play("incoming_answered")["id"]
    uis.control("events", method="DELETE")
    tag = {"communication_id": id, "communication_type": "call", "tag_id": 88}
    uis.data("set.tag_communications", **tag)
    row = uis.report(fields=["tags"])[0]
    assert [one["tag_name"] for one in row["tags"]] == ["Нецелевой контакт"]
    uis.data("unset.tag_communications", **tag)
    assert uis.report(fields=["tags"]) == [{"tags": []}]
    assert uis.events() == ["set_mark", "unset_mark"]
    assert uis.error("set.tag_communications", **(tag | {"tag_id": 5})) == ("entity_not_found", "tag_id")
