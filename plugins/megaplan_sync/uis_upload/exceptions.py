"""Errors of the upload of deals.

* MegaplanSyncError
  * UploadOutcomeUnknownError - it is not known yet whether UIS has accepted a request
  * EverythingRefusedError - UIS refuses one deal after another
  * UploadIncompleteError - something was refused, or the report does not show it
  * SinceError - the parameter since is not a date or time
  * DealFieldError - a setting names a custom field that does not exist
"""

from collections.abc import Iterable

from megaplan_sync.kernel.exceptions import MegaplanSyncError


class UploadOutcomeUnknownError(MegaplanSyncError):
    """It is not known yet whether UIS has accepted a request."""

    retryable = True

    def __init__(self, account: str, deals: int, reason: str) -> None:
        super().__init__(
            f"It is not known yet whether UIS has accepted {deals} deals of {account} ({reason}). They are not sent "
            "again until it is: the retry, or the next run, reads them back."
        )


class EverythingRefusedError(MegaplanSyncError):
    """UIS refuses one deal after another, so the deals are hardly the cause."""

    def __init__(self, account: str, deals: int, reason: str) -> None:
        super().__init__(
            f"UIS has refused {deals} deals of {account} in a row; the last reason: {reason} The rest was not sent. "
            'Remove the cause, then run uis_deals_upload with {"resend_failed": true}.'
        )


class UploadIncompleteError(MegaplanSyncError):
    """Something was refused in this run, or the report does not show it."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__(" | ".join(problems))


class SinceError(MegaplanSyncError):
    """The parameter since is not a date or time."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"since is {given!r}: expected a date or time such as 2026-01-31 or 2026-01-31T12:00:00+03:00. "
            "Correct the parameter since, or leave it empty."
        )


class DealFieldError(MegaplanSyncError):
    """A setting names a custom field that the account's deals do not have."""

    def __init__(self, conn_id: str, setting: str, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"Connection {conn_id!r}, field {setting!r}: deals have no custom field {name!r}; there are "
            f"{', '.join(sorted(set(known))) or 'none'}. Enter the title or key of one of them."
        )
