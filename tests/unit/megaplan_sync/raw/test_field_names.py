"""Which names are asked for, and how refused ones are found with few requests."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanValidationError
from megaplan_sync.kernel.exceptions import RequiredFieldRefusedError
from megaplan_sync.raw.entities import DEALS, EntitySpec
from megaplan_sync.raw.field_names import FieldNames

SPEC = EntitySpec("things", "/thing", ("name", "state"), ("color", "size"), custom_field_types=("Thing",))
REFUSAL = MegaplanValidationError(422, "/thing")


class FakeDatabase:
    """Answers the statements about refused names and custom fields; stands for connection and cursor at once."""

    def __init__(self, refused: Sequence[str] = (), custom: Sequence[str] = ()) -> None:
        self.refused = list(refused)
        self._custom = list(custom)
        self._rows: list[tuple[str]] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    @contextmanager
    def cursor(self) -> Iterator["FakeDatabase"]:
        yield self

    def execute(self, statement: str, parameters: dict[str, Any]) -> "FakeDatabase":
        if "INSERT INTO megaplan_sync.refused_fields" in statement:
            self.refused.append(parameters["field"])
        elif "megaplan_sync.refused_fields" in statement:
            self._rows = [(name,) for name in self.refused]
        else:
            self._rows = [(key,) for key in self._custom]
        return self

    def fetchall(self) -> list[tuple[str]]:
        return self._rows


class FakeAccount:
    """Refuses some names, without saying which, and counts how often it was asked."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.requests = 0

    def try_names(self, names: Sequence[str]) -> None:
        self.requests += 1
        if self.refused & set(names):
            raise REFUSAL


def field_names(database: FakeDatabase, spec: EntitySpec = SPEC) -> FieldNames:
    connection: Any = database
    return FieldNames(connection, "mp361546", spec)


def test_required_optional_and_custom_names_are_wanted() -> None:
    names = field_names(FakeDatabase(custom=["Category1CustomFieldX"])).wanted()
    assert names == ["name", "state", "color", "size", "Category1CustomFieldX"]


def test_names_refused_lately_are_left_out_but_never_required_ones() -> None:
    database = FakeDatabase(
        refused=["color", "name", "Category1CustomFieldX"], custom=["Category1CustomFieldX"]
    )
    assert field_names(database).wanted() == ["name", "state", "size"]


def test_a_refused_name_is_found_remembered_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    database, account = FakeDatabase(), FakeAccount("size")
    names = field_names(database)
    kept = names.without_refused(["name", "state", "color", "size"], REFUSAL, account.try_names)
    assert kept == ["name", "state", "color"]
    assert database.refused == ["size"]
    assert names.wanted() == kept
    assert "refuses size in `fields` of things (422)" in caplog.text


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_search_takes_about_two_logarithms_of_requests_for_each_name(count: int) -> None:
    names = [*DEALS.required, *(f"Category1CustomField{number}" for number in range(200))]
    refused = [f"Category1CustomField{37 * number + 3}" for number in range(count)]
    account = FakeAccount(*refused)
    kept = field_names(FakeDatabase(), DEALS).without_refused(names, REFUSAL, account.try_names)
    assert kept == [name for name in names if name not in refused]
    assert account.requests <= 2 + 2 * math.ceil(math.log2(len(names))) * count


def test_a_required_name_is_an_error_that_names_it() -> None:
    database, account = FakeDatabase(), FakeAccount("state", "size")
    with pytest.raises(
        RequiredFieldRefusedError, match=r"mp361546 refuses state in `fields` of things"
    ) as failed:
        field_names(database).without_refused(["name", "state", "color", "size"], REFUSAL, account.try_names)
    assert not failed.value.retryable
    assert "size" not in str(failed.value)
    assert database.refused == []


def test_a_request_refused_for_another_reason_stays_refused() -> None:
    def refuse_all(names: Sequence[str]) -> None:
        raise REFUSAL

    with pytest.raises(MegaplanValidationError) as failed:
        field_names(FakeDatabase()).without_refused(["name", "size"], REFUSAL, refuse_all)
    assert failed.value is REFUSAL


def test_names_that_are_taken_when_asked_again_leave_the_first_refusal() -> None:
    with pytest.raises(MegaplanValidationError) as failed:
        field_names(FakeDatabase()).without_refused(["name", "size"], REFUSAL, FakeAccount().try_names)
    assert failed.value is REFUSAL
