"""An account's request budget, shared by all processes through Postgres."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.exceptions import WorkPausedError
from megaplan_sync.kernel.request_budget import PostgresRequestBudget
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.schema import prepare_raw_schema

ACCOUNT = "mp361546"


class WaitError(Exception):
    """Raised instead of waiting."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def refuse_to_wait(seconds: float) -> None:
    raise WaitError(seconds)


Budget = Callable[..., PostgresRequestBudget]


@pytest.fixture
def budget(database: Connection[Any], database_uri: str) -> Iterator[Budget]:
    """Make budgets, each with its own connection; by default with high limits, and without waiting."""
    prepare_raw_schema(database)
    sessions: list[Session] = []

    def make(account: str = ACCOUNT, **limits: Any) -> PostgresRequestBudget:
        sessions.append(Session.open(database_uri))
        given = {"requests_per_second": 100_000, "requests_per_hour": 1000, "sleep": refuse_to_wait, **limits}
        return PostgresRequestBudget(sessions[-1], account, **given)

    yield make
    for session in sessions:
        session.close()


def take(budget: PostgresRequestBudget, requests: int) -> None:
    """Take requests; waits of a hundred-thousandth of a second between them do not matter."""
    for _ in range(requests):
        with suppress(WaitError):
            budget.acquire()


def seconds_to_wait(budget: PostgresRequestBudget) -> float:
    """Return how long it would wait, or pause."""
    with pytest.raises((WaitError, WorkPausedError)) as raised:
        budget.acquire()
    return raised.value.seconds or 0.0


def move_into_the_past(database: Connection[Any], minutes: int) -> None:
    """Move everything counted so far ``minutes`` into the past, into the counter of that minute."""
    (counted,) = database.execute(
        "SELECT sum(s) FROM megaplan_sync.request_budgets, unnest(spent) AS s"
    ).fetchone() or (0,)
    database.execute(
        """UPDATE megaplan_sync.request_budgets AS budget SET minutes = aged.minutes, spent = aged.spent
        FROM (
          SELECT account,
            array_agg(CASE WHEN place = slot THEN minute ELSE 0 END ORDER BY place) AS minutes,
            array_agg(CASE WHEN place = slot THEN %(counted)s ELSE 0 END ORDER BY place)::integer[] AS spent
          FROM megaplan_sync.request_budgets
          CROSS JOIN generate_series(1, cardinality(spent)) AS place
          CROSS JOIN LATERAL (
            SELECT extract(epoch FROM now())::bigint / 60 - %(minutes)s AS minute
          ) AS past
          CROSS JOIN LATERAL (SELECT minute %% cardinality(spent) + 1 AS slot) AS counter
          GROUP BY account
        ) AS aged
        WHERE aged.account = budget.account""",
        {"minutes": minutes, "counted": counted},
    )


def test_requests_per_second_are_limited(budget: Budget) -> None:
    limited = budget(requests_per_second=20, sleep=time.sleep)
    began = time.monotonic()
    for _ in range(9):
        limited.acquire()
    assert 8 / 20 * 0.9 <= time.monotonic() - began < 5


def test_two_processes_share_both_limits(budget: Budget) -> None:
    both = [budget(requests_per_second=40, sleep=time.sleep) for _ in range(2)]

    def ten(mine: PostgresRequestBudget) -> None:
        for _ in range(10):
            mine.acquire()

    began = time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(ten, both))
    assert time.monotonic() - began >= 19 / 40 * 0.9
    assert [mine.remaining() for mine in both] == [980, 980]


def test_threads_of_one_process_may_share_a_budget(budget: Budget) -> None:
    shared = budget(sleep=time.sleep)
    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(shared.acquire) for _ in range(40)]:
            future.result()
    assert shared.remaining() == 960


def test_no_more_than_allowed_in_any_sixty_minutes(budget: Budget, database: Connection[Any]) -> None:
    small = budget(requests_per_hour=3)
    take(small, 3)
    assert small.remaining() == 0
    assert 59 * 60 < seconds_to_wait(small) <= 61 * 60
    assert small.remaining() == 0, "a caller that waits has taken nothing"
    move_into_the_past(database, 62)
    assert small.remaining() == 3
    take(small, 1)
    assert small.remaining() == 2


def test_what_was_spent_counts_for_sixty_minutes(budget: Budget, database: Connection[Any]) -> None:
    small = budget(requests_per_hour=3)
    take(small, 2)
    move_into_the_past(database, 30)
    assert small.remaining() == 1
    take(small, 1)
    with pytest.raises(
        WorkPausedError, match=r"pauses for about 3\d min: the 3 requests of the hour"
    ) as pause:
        small.acquire()
    assert pause.value.seconds is not None
    assert 29 * 60 < pause.value.seconds < 32 * 60


@pytest.mark.parametrize("seconds", [61, 100_000])
def test_nobody_sleeps_longer_than_a_minute(budget: Budget, seconds: float) -> None:
    slept: list[float] = []
    blocked = budget(sleep=slept.append)
    blocked.back_off(seconds + 1)
    with pytest.raises(WorkPausedError, match=f"Account {ACCOUNT} pauses .* 429"):
        blocked.acquire()
    assert slept == []
    assert blocked.remaining() == 1000, "nothing was taken"


def test_a_block_that_is_renewed_without_end_is_waited_for_a_minute_altogether(budget: Budget) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        blocked.back_off(20)

    blocked = budget(sleep=sleep)
    blocked.back_off(20)
    with pytest.raises(WorkPausedError):
        blocked.acquire()
    assert 35 < sum(slept) <= 60


def test_whoever_would_queue_for_longer_than_a_minute_does_not_queue(
    budget: Budget, database: Connection[Any]
) -> None:
    queued = budget()
    database.execute("UPDATE megaplan_sync.request_budgets SET next_at = now() + interval '3 minutes'")
    with pytest.raises(WorkPausedError, match="other runs wait"):
        queued.acquire()


def test_nothing_is_sent_after_the_time_given(budget: Budget) -> None:
    over = budget(seconds=0)
    with pytest.raises(WorkPausedError, match="its time in this run is used up"):
        over.acquire()
    assert over.remaining() == 1000


def test_a_429_makes_everybody_wait_and_a_shorter_one_does_not_shorten_it(budget: Budget) -> None:
    mine, other = budget(), budget()
    mine.back_off(30)
    assert 25 < seconds_to_wait(other) <= 30
    other.back_off(1)
    assert 25 < seconds_to_wait(mine) <= 30
    assert mine.remaining() == 1000


def test_requests_continue_after_the_wait(budget: Budget) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    blocked = budget(sleep=sleep)
    blocked.back_off(0.3)
    began = time.monotonic()
    blocked.acquire()
    assert 0.25 <= time.monotonic() - began < 5
    assert waits


def test_batch_work_leaves_the_live_lane_its_share(budget: Budget) -> None:
    batch, live = budget(requests_per_hour=10, reserved_share=0.2), budget(requests_per_hour=10)
    assert (batch.remaining(), live.remaining()) == (8, 10)
    take(batch, 8)
    assert seconds_to_wait(batch) > 0.04
    assert (batch.remaining(), live.remaining()) == (0, 2)
    take(live, 2)
    assert seconds_to_wait(live) > 0.04


def test_accounts_do_not_share(budget: Budget) -> None:
    one, another = budget("one", requests_per_hour=2), budget("another", requests_per_hour=2)
    take(one, 2)
    assert (one.remaining(), another.remaining()) == (0, 2)
    one.back_off(30)
    take(another, 1)


def test_what_was_spent_is_known_to_the_next_process(budget: Budget) -> None:
    take(budget(), 5)
    assert budget().remaining() == 995


def test_requests_are_counted_by_hour_for_a_day(budget: Budget, database: Connection[Any]) -> None:
    def by_hours_ago() -> dict[int, int]:
        counted = database.execute(
            """SELECT extract(epoch FROM now())::bigint / 3600 - counter.hour, counter.sent
            FROM megaplan_sync.request_budgets, unnest(hours, spent_in_hour) AS counter (hour, sent)
            WHERE counter.sent > 0"""
        )
        return {int(hour): spent for hour, spent in counted.fetchall()}

    counting = budget()
    take(counting, 3)
    assert sum(by_hours_ago().values()) == 3
    # as if they were sent exactly 25 hours ago, so that the counter of this hour is theirs
    database.execute(
        """UPDATE megaplan_sync.request_budgets SET hours = array(
          SELECT CASE WHEN hour > 0 THEN extract(epoch FROM now())::bigint / 3600 - 25 ELSE 0 END
          FROM unnest(hours) WITH ORDINALITY AS counter (hour, place) ORDER BY place)"""
    )
    take(counting, 2)
    assert sum(spent for hours_ago, spent in by_hours_ago().items() if hours_ago < 2) == 2
