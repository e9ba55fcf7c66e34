"""One account's failure stops no other, and the task tells all of them at its end."""

import logging

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from megaplan_sync.kernel.account_failures import AccountFailures
from megaplan_sync.kernel.exceptions import DatabaseUnavailableError, UnknownAccountError, UnprovenError

DONE: list[str] = []


def work_on(accounts: dict[str, Exception | None], announcement: Exception | None = None) -> None:
    """Do a task's work, in which each account fails with the error given for it."""
    DONE.clear()
    with AccountFailures(logging.getLogger(__name__)) as failures:
        for conn_id, error in accounts.items():
            with failures.kept(conn_id):
                if error:
                    raise error
                DONE.append(conn_id)
        if announcement:
            raise announcement
        DONE.append("announced")


def test_every_account_has_its_turn_and_every_failure_is_told() -> None:
    bad = UnprovenError("nothing proven.")
    with pytest.raises(AirflowFailException, match=r"^first: nothing proven. \| third: nothing proven.$"):
        work_on({"first": bad, "second": None, "third": bad})
    assert DONE == ["second", "announced"]


def test_a_single_failure_is_told_in_its_own_words() -> None:
    error = DatabaseUnavailableError("megaplan_postgres", OSError("gone"))
    with pytest.raises(AirflowException) as failure:
        work_on({"first": error, "second": None})
    assert str(failure.value) == str(error)
    assert not isinstance(failure.value, AirflowFailException), "a retry can help"


def test_a_mistake_in_the_code_stays_what_it_is_and_is_logged_with_its_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ZeroDivisionError):
        work_on({"first": ZeroDivisionError("by zero")})
    (record,) = caplog.records
    assert record.exc_info
    assert record.getMessage() == "first: by zero"


def test_an_error_behind_the_accounts_goes_first() -> None:
    with pytest.raises(UnknownAccountError):
        work_on({"first": UnprovenError("nothing.")}, announcement=UnknownAccountError(["x"], ["first"]))
