"""A request budget that passes a request only while its calls are claimed."""

from __future__ import annotations

from collections.abc import Callable

from megaplan_hook.budget import RequestBudget


class ClaimedBudget:
    """A ``RequestBudget`` that renews the claims after waiting for the budget, right before each request.

    The wait may be long (the hourly limit is used up, or many answers were 429). A run whose claims have expired
    in the meantime must not send what another run may already be sending.

    :param budget: the account's budget
    :param renew: renews the claims, or raises if they are lost
    """

    def __init__(self, budget: RequestBudget, renew: Callable[[], None]) -> None:
        self._budget = budget
        self._renew = renew
        self.requests = 0

    def acquire(self) -> None:
        """Wait until a request may be sent, and make sure that the claims still hold."""
        self._budget.acquire()
        self._renew()
        self.requests += 1

    def back_off(self, seconds: float) -> None:
        """Pause all requests of the account after a 429."""
        self._budget.back_off(seconds)

    def remaining(self) -> int | None:
        """Return how many requests are left this hour."""
        return self._budget.remaining()
