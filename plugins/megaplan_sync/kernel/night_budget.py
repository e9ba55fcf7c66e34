"""Limits the requests of one reconciliation run; the next night continues with what is left."""

from megaplan_hook.budget import RequestBudget


class NightBudgetSpentError(Exception):
    """The night's requests are spent. Never leaves a reconciliation: the next run continues here."""


class NightBudget:
    """A ``RequestBudget`` that allows a number of requests within the account's own budget.

    :param account_budget: limits per second and hour, shared with all other processes
    :param requests: how many may be sent
    """

    def __init__(self, account_budget: RequestBudget, requests: int) -> None:
        self._account_budget = account_budget
        self.left = requests

    def acquire(self) -> None:
        """Take one request.

        :raises NightBudgetSpentError: there is none left
        """
        if self.left <= 0:
            raise NightBudgetSpentError
        self.left -= 1
        self._account_budget.acquire()

    def back_off(self, seconds: float) -> None:
        """Make everybody wait: Megaplan answered 429."""
        self._account_budget.back_off(seconds)

    def remaining(self) -> int | None:
        """Return how many requests are left in the hour."""
        return self._account_budget.remaining()
