"""Errors that end the push of an account; a single call fails in the outbox instead.

* MegaplanSyncError
  * ClaimLostError - another run has taken over this run's calls
  * NoTelephonyUsersError - no employees have been mapped yet
  * CallNumberError - the parameter ``resend`` has something else than call session ids
  * UnknownCallsError - calls to resend are not in the outbox
  * CallsSinceError - the parameter ``calls_since`` is not a date
"""

from __future__ import annotations

from collections.abc import Iterable

from megaplan_hook.exceptions import (
    MegaplanAPIError,
    MegaplanError,
    MegaplanRateLimitError,
    MegaplanServerError,
    MegaplanTransportError,
)
from megaplan_sync.kernel.exceptions import MegaplanSyncError


class ClaimLostError(MegaplanSyncError):
    """Another run has taken over this run's calls; this run must not send anything else for them."""

    retryable = True

    def __init__(self, account: str) -> None:
        super().__init__(
            f"Account {account}: this run was inactive for so long that another one has taken over its calls. "
            "Nothing was sent for them; the retry continues with the open ones."
        )


class NoTelephonyUsersError(MegaplanSyncError):
    """No employees have been mapped yet."""

    def __init__(self, account: str) -> None:
        super().__init__(
            f"Account {account} has no row in telephony.users: run the DAG megaplan_telephony_sync first, and give "
            "the employees internal numbers in Megaplan's telephony settings. Finished calls wait until then."
        )


class UnknownCallsError(MegaplanSyncError):
    """Calls to resend are not in the outbox."""

    def __init__(self, unknown: Iterable[int]) -> None:
        numbers = ", ".join(str(number) for number in unknown)
        super().__init__(
            f"resend: no account has {numbers} in telephony.call_deliveries, or another run is working on it at the "
            "moment. Use call session ids of UIS as they appear in that table."
        )


class CallNumberError(MegaplanSyncError):
    """The parameter ``resend`` has something else than call session ids."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"resend is {given!r}: expected call session ids of UIS, such as 700100200 or [700100200, 700100201]."
        )


class CallsSinceError(MegaplanSyncError):
    """The parameter ``calls_since`` is not a date."""

    def __init__(self, given: object) -> None:
        super().__init__(f"calls_since is {given!r}: expected a date such as 2026-09-21, or nothing.")


def is_ambiguous(error: MegaplanError) -> bool:
    """Return whether a write that raised this error may have been carried out."""
    return isinstance(error, MegaplanServerError | MegaplanTransportError)


def is_refusal(error: MegaplanError) -> bool:
    """Return whether Megaplan refused only this request; others may still succeed."""
    return isinstance(error, MegaplanAPIError) and not isinstance(
        error, MegaplanServerError | MegaplanRateLimitError
    )
