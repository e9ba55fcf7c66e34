"""What the server says of itself, where the tests' server cannot be made to say it."""

from types import SimpleNamespace
from typing import Any

import pytest

from megaplan_sync.doctor.postgres_checks import SYNC, check_schema, check_server


def server(*rows: Any) -> Any:
    answers = iter(rows)
    return SimpleNamespace(
        info=SimpleNamespace(server_version=180_001),
        execute=lambda *_: SimpleNamespace(fetchone=lambda: next(answers)),
    )


def test_a_standby_is_named() -> None:
    *_, found = check_server(server(("UTF8", True, True, ["megaplan_raw"])))
    assert (found.level, found.topic) == ("error", "Postgres rights")
    assert "primary" in found.remedy


@pytest.mark.parametrize(
    ("row", "level", "is_current"),
    [
        ((SYNC.version,), "ok", True),
        ((SYNC.version - 1,), "warning", False),
        ((SYNC.version + 1,), "error", False),
        (None, "warning", False),
    ],
)
def test_tables_of_another_version_are_not_read(row: Any, level: str, is_current: bool) -> None:
    current: set[str] = set()
    (found,) = check_schema(server((True,), row), SYNC, current)
    assert (found.level, current) == (level, {SYNC.name} if is_current else set())
