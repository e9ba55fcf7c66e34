"""Pauses between logins that fail: every call would try one, and Megaplan might lock the user out."""

from __future__ import annotations

from collections.abc import Callable

from megaplan_hook.exceptions import MegaplanAuthError, MegaplanError

REFUSED_SECONDS = (5.0, 900.0)
"""First and longest pause after refused credentials; it doubles each time."""
FAILED_SECONDS = (1.0, 60.0)
"""The same after a login without an answer."""


class LoginBackoff:
    """Remembers the last failure of a login and for how long it stands.

    :param clock: monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failure: MegaplanError | None = None
        self._until = 0.0
        self._failures = 0

    def check(self) -> None:
        """Raise the last failure if it is too early for another login."""
        if self._failure is not None and self._clock() < self._until:
            raise self._failure

    def failed(self, failure: MegaplanError, *, is_token: bool = False) -> None:
        """Begin the next pause.

        :param is_token: the login succeeded, but its token is refused; once, that may be a restart of Megaplan
        """
        first, longest = REFUSED_SECONDS if isinstance(failure, MegaplanAuthError) else FAILED_SECONDS
        self._failure = failure
        pause = 0.0 if is_token and not self._failures else min(first * 2 ** min(self._failures, 20), longest)
        self._until = self._clock() + pause
        self._failures += 1

    def succeeded(self) -> None:
        """Begin with the shortest pause again."""
        self._failure, self._failures = None, 0
