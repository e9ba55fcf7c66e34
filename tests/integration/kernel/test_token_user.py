"""Which changes of the connection's user may hide entities."""

from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.token_user import current_rights, lost_rights, save_rights

USER: dict[str, Any] = {
    "contentType": "Employee",
    "id": "1000004",
    "name": "Иванова Анна",
    "position": "Менеджер",
    "status": "working",
    "department": {"contentType": "Department", "id": "7", "name": "Продажи"},
    "isWorking": True,
    "canLogin": True,
    "possibleActions": ["act_read", "act_edit"],
}


class Hook:
    """Stands for a hook whose user is given."""

    def __init__(self, **changes: Any) -> None:
        self._user = {key: value for key, value in (USER | changes).items() if value is not ...}

    def current_user(self) -> dict[str, Any]:
        return self._user


def rights(**changes: Any) -> dict[str, Any]:
    return current_rights(Hook(**changes))  # type: ignore[arg-type]


@pytest.fixture
def template(prepared_template: str) -> str:
    """The tables are there, and empty."""
    return prepared_template


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({}, None),
        ({"position": "Директор", "name": "Петрова Анна", "status": "vacation"}, None),
        ({"department": USER["department"] | {"name": "Отдел продаж"}}, None),
        ({"department": USER["department"] | {"id": 7}}, None),
        ({"id": 1000004}, None),
        ({"possibleActions": ["act_edit", "act_read", "act_drop"]}, None),
        (dict.fromkeys(("department", "isWorking", "canLogin", "possibleActions", "contentType"), ...), None),
        ({"id": "1000005"}, "id was '1000004' and is '1000005'"),
        ({"contentType": "ContractorHuman"}, "contentType was 'Employee' and is 'ContractorHuman'"),
        (
            {"department": USER["department"] | {"id": "8", "name": "Склад"}},
            "department was 'Продажи' and is",
        ),
        ({"department": None}, "department was 'Продажи' and is None"),
        ({"canLogin": False, "isWorking": False}, "isWorking is false; canLogin is false"),
        ({"possibleActions": ["act_read"]}, "possibleActions lost act_edit"),
    ],
)
def test_only_what_may_hide_entities_counts(
    database: Connection[Any], changes: dict[str, Any], lost: str | None
) -> None:
    save_rights(database, "mp1", rights())
    found = lost_rights(database, "mp1", rights(**changes))
    assert found == lost or (found and lost and found.startswith(lost))


def test_what_an_earlier_version_saved_is_compared(database: Connection[Any]) -> None:
    """It saved the department's name, the job title and the presence."""
    earlier = {**rights(), "department": "Продажи", "position": "Менеджер", "status": "working"}
    save_rights(database, "mp1", earlier)
    assert lost_rights(database, "mp1", rights(position="Директор")) is None
    elsewhere = {"contentType": "Department", "id": "8", "name": "Склад"}
    assert lost_rights(database, "mp1", rights(department=elsewhere)) is not None


def test_nothing_is_lost_without_anything_to_compare_with(database: Connection[Any]) -> None:
    assert lost_rights(database, "mp2", rights()) is None
