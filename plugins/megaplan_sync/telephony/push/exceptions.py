"""What ends a push of one account; single calls are parked in the ledger instead.

* MegaplanSyncError
  * ClaimLostError - another run has taken over the calls of this one
  * NoTelephonyUsersError - employees and internal numbers were never matched
  * CallNumberError - what was given as numbers of calls is none
  * UnknownCallsError - calls are to be sent again that the ledger does not have
  * CallsSinceError - what was given as first day of a comparison is no day
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
    """Another run has taken over the calls of this one, which must not send anything more for them."""

    retryable = True

    def __init__(self, account: str) -> None:
        super().__init__(
            f"Account {account}: this run was away for so long that another one has taken over its calls. Nothing "
            "was sent for them; the retry goes on with what is open."
        )


class NoTelephonyUsersError(MegaplanSyncError):
    """Employees and internal numbers were never matched."""

    def __init__(self, account: str) -> None:
        super().__init__(
            f"Account {account} has no row in telephony.users: run the DAG megaplan_telephony_sync first, and give "
            "the employees internal numbers in Megaplan's telephony settings. Finished calls wait until then."
        )


class UnknownCallsError(MegaplanSyncError):
    """Calls are to be sent again that the ledger does not have."""

    def __init__(self, unknown: Iterable[int]) -> None:
        numbers = ", ".join(str(number) for number in unknown)
        super().__init__(
            f"resend: no account has {numbers} in telephony.call_deliveries, or another run is at work on it right "
            "now. Give call session ids of UIS, as they stand there."
        )


class CallNumberError(MegaplanSyncError):
    """What was given as numbers of calls is none."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"resend is {given!r}: expected a list of call session ids of UIS, such as [700100200]."
        )


class CallsSinceError(MegaplanSyncError):
    """What was given as first day of a comparison is no day."""

    def __init__(self, given: object) -> None:
        super().__init__(f"calls_since is {given!r}: expected a day such as 2026-09-21, or nothing.")


def is_ambiguous(error: MegaplanError) -> bool:
    """Say whether a write that ended so may have been carried out."""
    return isinstance(error, MegaplanServerError | MegaplanTransportError)


def is_refusal(error: MegaplanError) -> bool:
    """Say whether Megaplan has refused just this: another request may well succeed."""
    return isinstance(error, MegaplanAPIError) and not isinstance(
        error, MegaplanServerError | MegaplanRateLimitError
    )
