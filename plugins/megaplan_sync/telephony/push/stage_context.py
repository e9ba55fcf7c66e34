"""What the stages of a push share: one run's hook, outbox, retry schedule and counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.telephony.push.claimed_budget import ClaimedBudget
from megaplan_sync.telephony.push.client_lookup import ClientLookup
from megaplan_sync.telephony.push.delivery import FAILED, UNKNOWN_OUTCOME, Delivery, Stage, StageResult
from megaplan_sync.telephony.push.outbox import Outbox
from megaplan_sync.telephony.push.retry_schedule import RetrySchedule


@dataclass
class StageContext:
    """One account's hook and outbox, for one run.

    :param budget: the hook's request budget; passes a request only while its calls are claimed
    :param sleep: waits for the given number of seconds
    """

    hook: MegaplanHook
    budget: ClaimedBudget
    outbox: Outbox
    clients: ClientLookup
    schedule: RetrySchedule
    sleep: Callable[[float], None]
    counts: dict[str, int] = field(default_factory=dict)
    _batch: list[tuple[Stage, StageResult]] | None = field(default=None, init=False, repr=False)

    @classmethod
    def for_run(
        cls,
        hook: MegaplanHook,
        connection: Connection[Any],
        schedule: RetrySchedule | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> StageContext:
        """Begin a run: from now on the hook sends a request only while the run's claims hold."""
        schedule = schedule or RetrySchedule.of_account(hook.settings)
        outbox = Outbox(connection, hook.settings, schedule.lease_seconds)
        hook.budget = budget = ClaimedBudget(hook.budget, outbox.renew)
        return cls(hook, budget, outbox, ClientLookup(connection, hook), schedule, sleep)

    def count(self, name: str, number: int = 1) -> None:
        """Add to one of the run's counts."""
        self.counts[name] = self.counts.get(name, 0) + number

    def settle(self, stage: Stage, *results: StageResult) -> None:
        """Record results, and count stages that are done or have failed."""
        if self._batch is None:
            self.outbox.settle(stage, *results)
        else:
            self._batch += [(stage, result) for result in results]
        for result in results:
            if result.state in ("done", FAILED):
                self.count(f"{stage}_failed" if result.state == FAILED else f"{stage}_done")

    @contextmanager
    def batched_results(self) -> Iterator[None]:
        """Record the results of a block at its end, in one statement per stage; it must not write to Megaplan."""
        self._batch = []
        try:
            yield
        finally:
            batch, self._batch = self._batch, None
            for stage in dict.fromkeys(stage for stage, _ in batch):
                self.outbox.settle(stage, *(result for its, result in batch if its == stage))

    def retry_later(
        self, stage: Stage, delivery: Delivery, error: MegaplanError | str, *, forget: bool = False
    ) -> StageResult:
        """Return the result of a refused request: due again after a delay, or failed after the last attempt."""
        tries, number = delivery.stage(stage).tries + 1, delivery.call_session_id
        delay = self.schedule.delay_after(tries)
        if delay is None:
            reason = f"given up after {tries} tries: {error}"
            return StageResult(number, FAILED, error=reason, forget=forget)
        return StageResult(number, "due", delay, error=str(error), forget=forget)

    def verify_later(self, stage: Stage, delivery: Delivery, error: MegaplanError) -> StageResult:
        """Return the result of a request with an unknown outcome: Megaplan is asked before the next attempt."""
        tries, number = delivery.stage(stage).tries + 1, delivery.call_session_id
        delay = self.schedule.delay_after(tries)
        if delay is None:
            reason = f"given up, outcome unknown after {tries} tries: {error}"
            return StageResult(number, FAILED, error=reason)
        return StageResult(number, UNKNOWN_OUTCOME, delay, error=str(error))
