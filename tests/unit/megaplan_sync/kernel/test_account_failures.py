"""One account's failure does not stop the others, and the task reports all of them at its end."""

import logging

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from megaplan_sync.kernel.account_failures import AccountFailures
from megaplan_sync.kernel.exceptions import DatabaseUnavailableError, UnknownAccountError, UnprovenError

DONE: list[str] = []


def work_on(accounts: dict[str, Exception | None], announcement: Exception | None = None) -> None:
    """Do a task's work; each account fails with the error given for it."""
    DONE.clear()
    with AccountFailures(logging.getLogger(__name__)) as failures:
        for conn_id, error in accounts.items():
            with failures.catch(conn_id):
                if error:
                    raise error
                DONE.append(conn_id)
        if announcement:
            raise announcement
        DONE.append("announced")


def test_every_account_is_processed_and_every_failure_is_reported() -> None:
    bad = UnprovenError("nothing proven.")
    with pytest.raises(AirflowFailException, match=r"^first: nothing proven. \| third: nothing proven.$"):
        work_on({"first": bad, "second": None, "third": bad})
    assert DONE == ["second", "announced"]


def test_a_single_failure_keeps_its_own_message() -> None:
    error = DatabaseUnavailableError("megaplan_postgres", OSError("gone"))
    with pytest.raises(AirflowException) as failure:
        work_on({"first": error, "second": None})
    assert str(failure.value) == str(error)
    assert not isinstance(failure.value, AirflowFailException), "a retry can help"


def test_an_unexpected_error_is_raised_as_it_is_and_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ZeroDivisionError):
        work_on({"first": ZeroDivisionError("by zero")})
    (record,) = caplog.records
    assert record.exc_info
    assert record.getMessage() == "first: by zero"


def test_an_error_after_the_accounts_takes_precedence() -> None:
    with pytest.raises(UnknownAccountError):
        work_on({"first": UnprovenError("nothing.")}, announcement=UnknownAccountError(["x"], ["first"]))
