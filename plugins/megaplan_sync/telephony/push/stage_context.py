"""What the stages of the push share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.telephony.push.client_lookup import Clients
from megaplan_sync.telephony.push.delivery import Delivery, Stage, Verdict
from megaplan_sync.telephony.push.outbox import Ledger
from megaplan_sync.telephony.push.retry_schedule import Pace


@dataclass
class PushTools:
    """One account's Megaplan and ledger, for one run.

    :param sleep: waits so many seconds
    """

    hook: MegaplanHook
    ledger: Ledger
    clients: Clients
    pace: Pace
    sleep: Callable[[float], None]
    counts: dict[str, int] = field(default_factory=dict)
    _gathered: list[tuple[Stage, Verdict]] | None = field(default=None, init=False, repr=False)

    def count(self, what: str, number: int = 1) -> None:
        """Count something for the outcome of the run."""
        self.counts[what] = self.counts.get(what, 0) + number

    def settle(self, stage: Stage, *verdicts: Verdict) -> None:
        """Note verdicts, and count what is finished or given up."""
        if self._gathered is None:
            self.ledger.settle(stage, *verdicts)
        else:
            self._gathered += [(stage, verdict) for verdict in verdicts]
        for verdict in verdicts:
            if verdict.state in ("done", "parked"):
                self.count(f"{stage}_{verdict.state}")

    @contextmanager
    def settling_together(self) -> Iterator[None]:
        """Note what is settled in a block in one transaction at its end: for a block that writes to nobody else."""
        self._gathered = []
        try:
            yield
        finally:
            gathered, self._gathered = self._gathered, None
            for stage in dict.fromkeys(stage for stage, _ in gathered):
                self.ledger.settle(stage, *(verdict for its, verdict in gathered if its == stage))

    def again(
        self, stage: Stage, delivery: Delivery, error: MegaplanError | str, *, forget_call: bool = False
    ) -> Verdict:
        """Return the verdict on a try that was refused: once more later, or parked when it was the last."""
        tries, number = delivery.tries(stage) + 1, delivery.call_session_id
        wait = self.pace.wait_after(tries)
        if wait is None:
            told = f"given up after {tries} tries: {error}"
            return Verdict(number, "parked", error=told, forget_call=forget_call)
        return Verdict(number, "due", wait, error=str(error), forget_call=forget_call)

    def look_later(self, stage: Stage, delivery: Delivery, error: MegaplanError) -> Verdict:
        """Return the verdict on a request of which nobody knows whether it was carried out."""
        tries = delivery.tries(stage) + 1
        wait = self.pace.wait_after(tries)
        if wait is None:
            return Verdict(
                delivery.call_session_id, "parked", error=f"given up, ambiguous after {tries} tries: {error}"
            )
        return Verdict(delivery.call_session_id, "unsure", wait, error=str(error))
