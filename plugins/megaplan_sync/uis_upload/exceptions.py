"""Errors of the upload of deals.

* MegaplanSyncError
  * UploadBusyError - another run is uploading this account
  * UploadUnsettledError - nobody knows yet whether UIS has taken a request
  * EverythingRefusedError - UIS refuses one deal after the other
  * UploadIncompleteError - something was refused, or is not seen in the report
  * SinceError - the parameter since is no moment
  * DealFieldError - the setting uis_deal_fields names a field that does not exist
"""

from collections.abc import Iterable

from megaplan_sync.kernel.exceptions import MegaplanSyncError


class UploadBusyError(MegaplanSyncError):
    """Another run is uploading this account."""

    retryable = True

    def __init__(self, account: str, seconds: float) -> None:
        super().__init__(
            f"Another run has been uploading deals of {account} for the last {seconds:.0f} s; this one gives way. "
            "Its retry, or the next scheduled run, goes on from where the other one ends."
        )


class UploadUnsettledError(MegaplanSyncError):
    """Nobody knows yet whether UIS has taken a request."""

    retryable = True

    def __init__(self, account: str, deals: int, reason: str) -> None:
        super().__init__(
            f"Whether UIS has taken {deals} deals of {account} is not known yet ({reason}). Nothing of them is sent "
            "again before it is: the retry, or the next run, reads them back."
        )


class EverythingRefusedError(MegaplanSyncError):
    """UIS refuses one deal after the other, so it is hardly the deals' fault."""

    def __init__(self, account: str, deals: int, reason: str) -> None:
        super().__init__(
            f"UIS has refused {deals} deals of {account} in a row, the last one so: {reason} The rest was not sent. "
            'Deal with the reason, then run uis_deals_upload with {"resend_failed": true}.'
        )


class UploadIncompleteError(MegaplanSyncError):
    """Something was refused in this run, or the report does not show it."""

    def __init__(self, told: Iterable[str]) -> None:
        super().__init__(" | ".join(told))


class SinceError(MegaplanSyncError):
    """The parameter since is no moment."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"since is {given!r}: expected a day or a moment such as 2026-01-31 or 2026-01-31T12:00:00+03:00. "
            "Correct the parameter since, or leave it empty."
        )


class DealFieldError(MegaplanSyncError):
    """A setting names a custom field that the account's deals do not have."""

    def __init__(self, conn_id: str, setting: str, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"Connection {conn_id!r}, field {setting!r}: deals have no custom field {name!r}; there are "
            f"{', '.join(sorted(set(known))) or 'none'}. Write the title or the key of one of them."
        )
