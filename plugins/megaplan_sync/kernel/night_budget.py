"""Limits the requests of one reconciliation run; the next night continues with what is left."""

from megaplan_hook.budget import RequestBudget
from megaplan_sync.kernel.exceptions import WorkPausedError


class NightBudgetSpentError(WorkPausedError):
    """The night's requests are spent. Never leaves a reconciliation: the next night continues here."""

    def __init__(self, account: str) -> None:
        super().__init__(account, "the night's requests (setting night_requests) are spent")


class NightBudget:
    """A ``RequestBudget`` that allows a number of requests within the account's own budget.

    :param account: its label
    :param account_budget: limits per second and hour, shared with all other processes
    :param requests: how many may be sent
    """

    def __init__(self, account: str, account_budget: RequestBudget, requests: int) -> None:
        self._account = account
        self._account_budget = account_budget
        self.left = requests

    def acquire(self) -> None:
        """Take one request.

        :raises NightBudgetSpentError: there is none left
        :raises WorkPausedError: the account's own budget allows none now, nor soon
        """
        if self.left <= 0:
            raise NightBudgetSpentError(self._account)
        self._account_budget.acquire()
        self.left -= 1

    def back_off(self, seconds: float) -> None:
        """Make everybody wait: Megaplan answered 429."""
        self._account_budget.back_off(seconds)

    def remaining(self) -> int | None:
        """Return how many requests are left in the hour."""
        return self._account_budget.remaining()
