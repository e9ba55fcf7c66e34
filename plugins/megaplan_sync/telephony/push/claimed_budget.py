"""A request budget that lets a request go only while the calls it is for are still claimed."""

from __future__ import annotations

from collections.abc import Callable

from megaplan_hook.budget import RequestBudget


class ClaimedBudget:
    """A ``RequestBudget`` that moves on the claims after the wait for the budget, right before each request.

    The wait may be long (an hour's requests are spent, a storm of 429), and a run whose claim has ended meanwhile
    must not send what another one may be sending already.

    :param budget: the account's
    :param renew: moves on the claims, raises when they are lost
    """

    def __init__(self, budget: RequestBudget, renew: Callable[[], None]) -> None:
        self._budget = budget
        self._renew = renew
        self.requests = 0

    def acquire(self) -> None:
        """Wait until one request may be sent, for calls that are still ours."""
        self._budget.acquire()
        self._renew()
        self.requests += 1

    def back_off(self, seconds: float) -> None:
        """Let everybody wait: Megaplan said 429."""
        self._budget.back_off(seconds)

    def remaining(self) -> int | None:
        """Tell how many requests the hour still has."""
        return self._budget.remaining()
