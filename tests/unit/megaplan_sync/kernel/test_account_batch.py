"""The accounts of a task: none delays or stops the others, and the task reports all failures at its end."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from structlog.contextvars import get_contextvars

from megaplan_hook.exceptions import MegaplanRateLimitError
from megaplan_sync.kernel import account_batch
from megaplan_sync.kernel.account_batch import AccountBatch
from megaplan_sync.kernel.exceptions import (
    DatabaseUnavailableError,
    UnknownAccountError,
    UnprovenError,
    WorkInProgressError,
    WorkPausedError,
)

LOG = logging.getLogger(__name__)
DONE: list[str] = []


def work_on(accounts: dict[str, Exception | None], announcement: Exception | None = None) -> AccountBatch:
    """Do a task's work; each account fails with the error given for it."""
    DONE.clear()

    def work(conn_id: str) -> str:
        if error := accounts[conn_id]:
            raise error
        return f"result of {conn_id}"

    with AccountBatch(LOG) as batch:
        DONE.extend(batch.run(accounts, work).values())
        if announcement:
            raise announcement
        DONE.append("announced")
    return batch


def test_every_account_is_processed_and_every_failure_is_reported() -> None:
    bad = UnprovenError("nothing proven.")
    with pytest.raises(AirflowFailException, match="first: nothing proven") as failure:
        work_on({"first": bad, "second": None, "third": bad, "fourth": None})
    assert sorted(str(failure.value).split(" | ")) == ["first: nothing proven.", "third: nothing proven."]
    assert DONE == ["result of second", "result of fourth", "announced"], "in the order of the accounts"


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


@pytest.mark.parametrize(
    "pause", [WorkPausedError("mp1", "the hour is spent", 1800), MegaplanRateLimitError(429, "/deal")]
)
def test_a_pause_is_no_failure_and_is_told_at_the_end(
    pause: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert work_on({"first": pause, "second": None}).paused == {"first": pause}
    assert DONE == ["result of second", "announced"]
    assert caplog.records[-1].getMessage() == "Partial, the next run continues: 1 accounts: first"


def test_work_that_another_run_does_is_neither_failure_nor_pause() -> None:
    busy = WorkInProgressError("mp1", "deals", "run", datetime(2026, 1, 1, tzinfo=UTC))
    assert work_on({"first": busy, "second": None}).paused == {}


def run_beside(
    hanging: Callable[[str], bool], accounts: int, **limits: float
) -> tuple[AccountBatch, set[str]]:
    """Work on accounts, some of which hang until all others are done; return who was done first."""
    finished, others_done = set[str](), threading.Event()
    names = [f"account_{number}" for number in range(accounts)]
    expected = {name for name in names if not hanging(name)}

    def work(conn_id: str) -> None:
        if hanging(conn_id):
            assert others_done.wait(60)
            return
        finished.add(conn_id)
        if finished == expected:
            others_done.set()

    batch = AccountBatch(LOG, at_once=2, slow_after_seconds=0.05, **limits)  # type: ignore[arg-type]
    batch.run(names, work)
    return batch, finished


def test_accounts_that_hang_delay_no_other_although_they_come_first() -> None:
    """More of them than are worked on at once: in the order of the list nobody would ever be done."""
    _, finished = run_beside(lambda name: int(name[8:]) < 6, 30)
    assert len(finished) == 24


def test_an_account_that_never_ends_fails_and_the_task_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_batch, "SHORTEST_SECONDS", 0.1)
    release = threading.Event()

    def work(conn_id: str) -> None:
        if conn_id == "hangs":
            release.wait(60)

    with (
        pytest.raises(AirflowException, match="hangs has not answered for"),
        AccountBatch(LOG, seconds=0.1, grace_seconds=0.2) as batch,
    ):
        assert batch.run(["hangs", "works"], work) == {"works": None}
    release.set()


def test_every_line_says_whose_it_is_and_an_account_that_begins_late_still_gets_a_minute() -> None:
    batch = AccountBatch(LOG, seconds=0)
    bound = batch.run(["first", "second"], lambda conn_id: (get_contextvars()["account"], batch.seconds_left))
    assert bound == {"first": ("first", 60), "second": ("second", 60)}
    assert "account" not in get_contextvars()
