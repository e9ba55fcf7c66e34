"""Errors of Postgres by SQLSTATE: only a lost database is called unavailable, others say what they are."""

import pytest
from psycopg import DataError, Error, InterfaceError, OperationalError, ProgrammingError, errors

from megaplan_sync.kernel.exceptions import (
    DatabaseRefusalError,
    DatabaseRightsError,
    DatabaseUnavailableError,
)
from megaplan_sync.kernel.postgres_errors import concerns_a_row, explained, is_lost


def error_of(state: str) -> Error:
    return errors.lookup(state)(f"message of {state}")


@pytest.mark.parametrize(
    "state",
    ["08000", "08003", "08006", "08P01", "25P03", "28P01", "3D000", "57P01", "57P02", "57P03", "57P05"],
)
def test_the_database_is_gone(state: str) -> None:
    error = error_of(state)
    assert is_lost(error)
    assert not concerns_a_row(error)
    told = explained(error)
    assert isinstance(told, DatabaseUnavailableError)
    assert told.retryable


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_a_connection_that_libpq_has_lost(kind: type[Error]) -> None:
    assert is_lost(kind("the connection is lost"))


@pytest.mark.parametrize(
    ("state", "may_pass", "words"),
    [
        ("0A000", False, "the primary server"),
        ("22003", False, "encoding is UTF8"),
        ("22021", False, "encoding is UTF8"),
        ("22023", False, "account_timezone"),
        ("22P05", False, "encoding is UTF8"),
        ("23514", False, "Constraints that you have added"),
        ("25006", True, "not at a standby"),
        ("40001", True, "Run this again"),
        ("40P01", True, "Run this again"),
        ("42703", False, "Add the column again"),
        ("42704", False, "PostgreSQL 17"),
        ("42P01", False, "full_refresh"),
        ("53000", True, "the server's log"),
        ("53100", True, "Free space"),
        ("53200", True, "work_mem"),
        ("53300", True, "max_connections"),
        ("54000", False, "one of its limits"),
        ("54001", False, "max_stack_depth"),
        ("54011", False, "too many columns"),
        ("55006", True, "pg_stat_activity"),
        ("55P03", True, "pg_stat_activity"),
        ("57014", True, "query_timeout"),
        ("58030", True, "the server's log"),
        ("P0001", False, "Triggers"),
        ("XX001", False, "pg_amcheck"),
    ],
)
def test_the_database_is_there_and_refuses(state: str, may_pass: bool, words: str) -> None:
    error = error_of(state)
    assert not is_lost(error)
    told = explained(error, "warehouse")
    assert isinstance(told, DatabaseRefusalError)
    assert (told.sqlstate, told.retryable) == (state, may_pass)
    assert str(told).startswith("Connection 'warehouse': Postgres refuses this: ")
    assert f"SQLSTATE {state}: message of {state}" in str(told)
    assert words in str(told)
    assert "not available" not in str(told)


@pytest.mark.parametrize(
    "words",
    [
        "FATAL:  sorry, too many clients already",
        'FATAL:  too many connections for role "loader"',
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        "FATAL:  no more connections allowed (max_client_conn)",
        "ВАЖНО:  извините, уже слишком много клиентов",
    ],
)
def test_a_server_without_room_for_a_connection_is_not_told_to_be_gone(words: str) -> None:
    told = explained(OperationalError(f"connection failed: {words}"))
    assert isinstance(told, DatabaseRefusalError)
    assert told.retryable
    assert "max_connections" in str(told)


def test_a_right_is_missing() -> None:
    told = explained(error_of("42501"))
    assert isinstance(told, DatabaseRightsError)
    assert "GRANT" in str(told) or "Grant" in str(told)


@pytest.mark.parametrize(
    "error", [error_of("42601"), ProgrammingError("a placeholder is missing"), ValueError("not Postgres'")]
)
def test_faults_of_the_package_keep_their_traceback(error: Exception) -> None:
    assert explained(error) is error
    assert not is_lost(error)


@pytest.mark.parametrize(
    "state", ["21000", "22003", "22P05", "23502", "23514", "54000", "54001", "54011", "P0001"]
)
def test_a_row_is_at_fault(state: str) -> None:
    assert concerns_a_row(error_of(state))


@pytest.mark.parametrize("state", ["25006", "42501", "42703", "53100", "55P03", "57014", "57P01"])
def test_no_row_is_at_fault(state: str) -> None:
    assert not concerns_a_row(error_of(state))


def test_a_value_that_psycopg_refuses() -> None:
    assert concerns_a_row(DataError("text cannot contain NUL"))
    assert not is_lost(DataError("text cannot contain NUL"))
