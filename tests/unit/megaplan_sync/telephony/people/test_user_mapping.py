"""The mapping of employees, and the mismatches."""

from typing import Any

import pytest

from megaplan_sync.telephony.people.internal_numbers import internal_number
from megaplan_sync.telephony.people.mismatches import Mismatch, MismatchKind
from megaplan_sync.telephony.people.user_mapping import UserMapping, map_users, takes_no_calls

NONE: list[str] = []
BOTH = ["in", "out"]
STATUSES = [
    {"id": 1, "name": "Доступен", "mnemonic": "available", "in_external_allowed_call_directions": BOTH},
    {
        "id": 3,
        "name": "Не беспокоить",
        "mnemonic": "do_not_disturb",
        "in_external_allowed_call_directions": NONE,
    },
    {"id": 101, "name": "Обучение", "mnemonic": None, "in_external_allowed_call_directions": NONE},
]


def employee(id: int, last: str = "Иванова", first: str = "Анна", **more: Any) -> dict[str, Any]:
    name = f"{last} {first} Петровна"
    card = {"contentType": "Employee", "id": str(id), "name": name, "lastName": last, "firstName": first}
    return {**card, "isWorking": True, **more}


def config(owner: int | dict[str, Any] | None, number: Any) -> dict[str, Any]:
    link = {"contentType": "Employee", "id": str(owner)} if isinstance(owner, int) else owner
    return {"contentType": "CallUserConfig", "id": "11", "employee": link, "internalNumber": number}


def uis(
    id: int, extension: str | None, last: str = "Смирнов", first: str = "Пётр", **more: Any
) -> dict[str, Any]:
    row = {"id": id, "full_name": f"{last} {first}", "last_name": last, "first_name": first, "status_id": 1}
    held = {} if extension is None else {"extension_phone_number": extension}
    return {**row, "extension": held, "phone_numbers": [], **more}


def mapped(
    configs: list[dict[str, Any]], employees: list[dict[str, Any]], uis_employees: list[dict[str, Any]]
) -> UserMapping:
    return map_users(configs, employees, uis_employees, STATUSES)


def pairs(mapping: UserMapping) -> dict[int, int]:
    return {user.employee_id: user.uis_employee_id for user in mapping.users}


def keys(mapping: UserMapping) -> list[tuple[str, int | None, int | None, str | None]]:
    return [
        (one.kind.value, one.employee_id, one.uis_employee_id, one.internal_number)
        for one in mapping.mismatches
    ]


def the_only(mapping: UserMapping) -> Mismatch:
    (one,) = mapping.mismatches
    return one


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("101", "101"),
        (" 101", "101"),
        ("101\u00a0", "101"),
        ("\u200b101\ufeff", "101"),  # copied from a web page
        ("sip:101@pbx.example.org", "101"),
        ("SIPS:101@pbx.example.org;transport=tls", "101"),
        ("tel:101", "101"),
        ("101@host", "101"),
        ("1-01", "101"),
        ("１０１", "101"),  # digits of full width
        ("007", "007"),  # leading zeros are dialled
        ("0100001", "0100001"),
        (101, "101"),
        ("", None),
        (None, None),
        ("sip:anna@pbx.example.org", None),
        ("101, 102", None),
        ("101/102", None),
        ("*101", None),
        ("٣", None),  # a digit that phones do not have
    ],
)
def test_a_number_is_read_however_it_was_typed(typed: Any, number: str | None) -> None:
    assert internal_number(typed) == number


def test_one_person_on_both_sides_is_one_user() -> None:
    mapping = mapped([config(1, "sip:101@pbx")], [employee(1)], [uis(501, "101", status_id=3)])
    (user,) = mapping.users
    assert mapping.mismatches == ()
    assert (user.employee_id, user.uis_employee_id, user.internal_number) == (1, 501, "101")
    assert (user.name, user.uis_name) == ("Иванова Анна Петровна", "Смирнов Пётр")
    assert (user.uis_status_id, user.uis_status, user.do_not_disturb) == (3, "do_not_disturb", True)


@pytest.mark.parametrize(
    ("status_id", "shown", "silent"),
    [
        (1, "available", False),
        (101, "Обучение", True),  # a custom status without a mnemonic
        (77, None, None),  # deleted in the meantime
        (None, None, None),
    ],
)
def test_the_status_says_whether_calls_are_accepted(
    status_id: int | None, shown: str | None, silent: bool | None
) -> None:
    (user,) = mapped([config(1, "101")], [employee(1)], [uis(501, "101", status_id=status_id)]).users
    assert (user.uis_status_id, user.uis_status, user.do_not_disturb) == (status_id, shown, silent)


@pytest.mark.parametrize(
    ("status", "silent"),
    [
        ({"mnemonic": "available"}, False),
        ({"mnemonic": "break"}, True),
        ({"mnemonic": "not_at_workplace"}, False),
        ({"mnemonic": "unknown"}, None),
        ({"mnemonic": None, "name": "Обед"}, None),
        ({"mnemonic": "available", "in_external_allowed_call_directions": []}, True),
    ],
)
def test_without_directions_the_mnemonic_of_a_standard_status_counts(
    status: dict[str, Any], silent: bool | None
) -> None:
    assert takes_no_calls(status) is silent


def test_who_has_left_is_not_mapped_although_configured() -> None:
    mapping = mapped([config(1, "101")], [employee(1, isWorking=False)], [uis(501, "101")])
    assert mapping.users == ()
    assert keys(mapping) == [
        ("fired_employee_has_number", 1, None, "101"),
        ("number_not_in_megaplan", None, 501, "101"),
    ]
    assert "Remove the entry (Megaplan: Настройки → Интеграция" in mapping.mismatches[0].message


def test_a_successor_inherits_the_number_of_who_has_left() -> None:
    people = [employee(1, isWorking=False), employee(2)]
    mapping = mapped([config(1, "101"), config(2, "101")], people, [uis(501, "101")])
    assert pairs(mapping) == {2: 501}
    assert keys(mapping) == [("fired_employee_has_number", 1, None, "101")]


def test_a_number_shared_in_megaplan_is_not_mapped() -> None:
    configs = [config(2, "101"), config(1, "sip:101@pbx"), config(3, "103")]
    mapping = mapped(configs, [employee(1), employee(2), employee(3)], [uis(501, "101"), uis(503, "103")])
    assert pairs(mapping) == {3: 503}
    assert keys(mapping) == [
        ("number_twice_in_megaplan", 1, None, "101"),
        ("number_twice_in_megaplan", 2, None, "101"),
    ]
    assert "employees 1, 2" in mapping.mismatches[1].message


def test_a_number_shared_in_uis_is_not_mapped() -> None:
    mapping = mapped([config(1, "101")], [employee(1)], [uis(502, "101"), uis(501, " 101")])
    assert mapping.users == ()
    assert keys(mapping) == [
        ("number_twice_in_uis", None, 501, "101"),
        ("number_twice_in_uis", None, 502, "101"),
        ("number_twice_in_uis", 1, None, "101"),
    ]
    assert "UIS employees 501, 502" in mapping.mismatches[2].message


def test_an_employee_with_two_numbers_gets_none_of_them() -> None:
    configs = [config(1, "101"), config(1, "102")]
    mapping = mapped(configs, [employee(1)], [uis(501, "101"), uis(502, "102")])
    assert mapping.users == ()
    assert keys(mapping) == [("employee_has_several_numbers", 1, None, None)]
    assert "101, 102" in the_only(mapping).message


def test_the_same_entry_twice_is_one() -> None:
    configs = [config(1, "101"), config(1, "sip:101@pbx")]
    mapping = mapped(configs, [employee(1)], [uis(501, "101")])
    assert pairs(mapping) == {1: 501}
    assert mapping.mismatches == ()


def test_a_number_that_uis_does_not_know() -> None:
    mapping = mapped([config(1, "111")], [employee(1)], [])
    assert mapping.users == ()
    assert keys(mapping) == [("number_not_in_uis", 1, None, "111")]
    assert "UIS: Сотрудники" in the_only(mapping).message


def test_the_login_of_a_line_instead_of_the_extension_is_recognized_and_not_mapped() -> None:
    line = [{"phone_id": 9001, "phone_number": "0100001"}]
    mapping = mapped([config(1, "0100001")], [employee(1)], [uis(501, "101", phone_numbers=line)])
    assert mapping.users == ()
    assert keys(mapping)[0] == ("number_not_in_uis", 1, None, "0100001")
    assert "line of UIS employee 501: enter the extension 101 instead" in mapping.mismatches[0].message


def test_an_invalid_number() -> None:
    mapping = mapped([config(1, "добавочный")], [employee(1)], [])
    assert keys(mapping) == [("number_unreadable", 1, None, "добавочный")]
    assert "such as 101" in the_only(mapping).message


def test_a_number_without_an_employee() -> None:
    mapping = mapped([config(None, "101")], [], [])
    assert keys(mapping) == [("number_without_employee", None, None, "101")]


@pytest.mark.parametrize("configs", [[], [config(1, "")], [config(1, None)], [config(1, "  ")]])
def test_an_employee_missing_in_megaplans_telephony_gets_no_card_and_is_reported(
    configs: list[dict[str, Any]],
) -> None:
    mapping = mapped(configs, [employee(1)], [])
    assert mapping.users == ()
    assert keys(mapping) == [("employee_without_number", 1, None, None)]
    assert "they get no call cards and no calls" in the_only(mapping).message
    assert the_only(mapping).name == "Иванова Анна Петровна"


def test_who_has_left_and_has_no_number_is_not_reported() -> None:
    assert mapped([], [employee(1, isWorking=False)], []).mismatches == ()


@pytest.mark.parametrize(
    ("extension", "hint"),
    [
        ("105", "UIS employee 505 has the same name and extension 105"),
        (None, "the same name and no extension"),
    ],
)
def test_a_namesake_in_uis_is_hinted_at(extension: str | None, hint: str) -> None:
    """Patronymics are often missing, and ё is often written as е."""
    people = [employee(1, "Королёва", "Алёна")]
    mapping = mapped([], people, [uis(505, extension, "Королева", "Алена")])
    messages = {one.kind: one.message for one in mapping.mismatches}
    assert hint in messages[MismatchKind.EMPLOYEE_WITHOUT_NUMBER]
    assert pairs(mapping) == {}, "nobody is mapped by name"


def test_of_two_namesakes_none_is_hinted_at() -> None:
    people = [employee(1)]
    twins = [uis(505, "105", "Иванова", "Анна"), uis(506, "106", "Иванова", "Анна")]
    messages = {one.kind: one.message for one in mapped([], people, twins).mismatches}
    assert "same name" not in messages[MismatchKind.EMPLOYEE_WITHOUT_NUMBER]


def test_a_namesake_who_is_mapped_is_not_hinted_at() -> None:
    mapping = mapped([config(2, "105")], [employee(1), employee(2)], [uis(505, "105", "Иванова", "Анна")])
    assert "same name" not in the_only(mapping).message


def test_numbers_and_people_that_only_uis_has() -> None:
    mapping = mapped([], [], [uis(501, "101"), uis(502, None)])
    assert keys(mapping) == [
        ("number_not_in_megaplan", None, 501, "101"),
        ("uis_employee_without_number", None, 502, None),
    ]


def test_an_employee_missing_from_the_list_is_mapped_and_reported() -> None:
    mapping = mapped([config(9, "101")], [employee(1)], [uis(501, "101")])
    assert pairs(mapping) == {9: 501}
    assert keys(mapping)[0] == ("employee_not_listed", 9, 501, "101")


def test_a_config_with_an_embedded_employee_says_whether_they_work() -> None:
    configs = [config(employee(9, isWorking=False), "101"), config(employee(8), "102")]
    mapping = mapped(configs, [], [uis(501, "101"), uis(502, "102")])
    assert pairs(mapping) == {8: 502}
    assert ("fired_employee_has_number", 9, None, "101") in keys(mapping)
    assert not [one for one in mapping.mismatches if one.kind is MismatchKind.EMPLOYEE_NOT_LISTED]


def test_the_list_takes_precedence_over_an_embedded_employee() -> None:
    mapping = mapped([config(employee(1), "101")], [employee(1, isWorking=False)], [uis(501, "101")])
    assert mapping.users == ()


def test_the_order_of_what_was_read_does_not_matter() -> None:
    configs = [config(1, "101"), config(2, "102"), config(3, "102"), config(4, "x")]
    people = [employee(id) for id in range(1, 7)]
    staff = [uis(501, "101"), uis(502, "102"), uis(503, None), uis(504, "104")]
    assert mapped(configs, people, staff) == mapped(configs[::-1], people[::-1], staff[::-1])


def test_no_message_names_a_person() -> None:
    """They go into logs."""
    people = [employee(id) for id in range(1, 6)] + [employee(6, isWorking=False)]
    configs = [config(1, "101"), config(2, "101"), config(3, "x"), config(6, "106"), config(9, "109")]
    staff = [uis(501, "101"), uis(505, "105", "Иванова", "Анна"), uis(502, None), uis(509, "109")]
    mapping = mapped(configs, people, staff)
    assert len({one.kind for one in mapping.mismatches}) >= 6
    for one in mapping.mismatches:
        assert "Иванова" not in one.message
        assert "Смирнов" not in one.message


@pytest.mark.parametrize("odd", ["x", "", None, [1], {"a": 1}, True, "9" * 25, 10**30, "٧"])
def test_odd_rows_hold_up_no_other(odd: Any, caplog: pytest.LogCaptureFixture) -> None:
    person = {"contentType": "Employee", "id": odd, "name": odd, "lastName": odd, "firstName": odd}
    staff = {"id": odd, "full_name": odd, "last_name": odd, "extension": odd, "phone_numbers": 5}
    mapping = mapped(
        [config(person, odd), config(1, "101")],
        [person, employee(1)],
        [staff, uis(501, "101", phone_numbers=odd, status_id=odd)],
    )
    assert pairs(mapping) == {1: 501}
    assert "UIS's employee with the id" in caplog.text


@pytest.mark.parametrize("odd", [[], {}, 5, ["available"], {"a": 1}, True])
def test_odd_statuses_hold_up_nothing(odd: Any) -> None:
    assert takes_no_calls({"id": 1, "mnemonic": odd, "in_external_allowed_call_directions": None}) is None


@pytest.mark.parametrize(
    ("typed", "extension", "is_mapped"),
    [
        ("0101", "101", True),
        ("101", "0101", True),
        ("sip:0101@pbx.example.org", "101", True),
        ("1010", "101", False),
        ("0100001", "100", False),
    ],
)
def test_zeros_before_a_number_are_a_matter_of_typing(typed: str, extension: str, is_mapped: bool) -> None:
    mapping = mapped([config(1, typed)], [employee(1)], [uis(501, extension)])
    assert pairs(mapping) == ({1: 501} if is_mapped else {})
    assert bool(mapping.mismatches) is not is_mapped


def test_zeros_count_where_two_numbers_differ_by_them() -> None:
    people = [employee(1), employee(2, "Петрова")]
    both = mapped([config(1, "0101"), config(2, "101")], people, [uis(501, "101"), uis(502, "0101")])
    assert pairs(both) == {1: 502, 2: 501}
    one = mapped([config(1, "0101"), config(2, "101")], people, [uis(501, "101")])
    assert pairs(one) == {2: 501}
    unsure = mapped([config(1, "00101")], [employee(1)], [uis(501, "101"), uis(502, "0101")])
    assert pairs(unsure) == {}
