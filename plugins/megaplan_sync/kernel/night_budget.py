"""The requests of one reconciliation: what does not fit goes on in the next night."""

from megaplan_hook.budget import RequestBudget


class NightBudgetSpentError(Exception):
    """The requests of this night are spent. Never leaves a reconciliation: the next run goes on from here."""


class NightBudget:
    """A ``RequestBudget`` that ends after so many requests, inside of the account's own budget.

    :param account_budget: pace and hourly limit, shared with all other processes
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
        """Let everybody wait: Megaplan said 429."""
        self._account_budget.back_off(seconds)

    def remaining(self) -> int | None:
        """Tell how many requests the hour still has."""
        return self._account_budget.remaining()
