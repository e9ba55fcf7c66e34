"""What can go wrong with any vendor's API; each client has subclasses of its own. Free of I/O.

VendorError
├── VendorSettingError            a field of the connection is missing or impossible
├── VendorTransportError          no usable answer: connection, timeout, truncated body, HTML page
├── VendorPagingError             a list cannot be read to its end
└── VendorAPIError                the vendor answered, and the answer is an error
    ├── VendorLimitError              too many requests; refused before anything was done
    └── VendorServerError             the vendor, or a gateway before it, failed
RequestNotAllowedError            the budget allows no request now; nothing was sent

Messages are short and free of secrets and of people's data: never a header, a query or a body.
"""

from __future__ import annotations

from typing import ClassVar

from megaplan_vendor_kit.field_error import FieldError, shortened


class VendorError(Exception):
    """Base of everything that a vendor's client raises on purpose.

    ``retryable`` says whether the same task may succeed when Airflow runs it again later. Whether a request may be
    sent again at once, which is another question, says :func:`megaplan_vendor_kit.retry.is_retryable`.
    """

    retryable: ClassVar[bool] = False
    # set once every allowed try has been made, so that a caller's retries do not multiply them
    tries_exhausted: bool = False
    # whether the vendor may have begun what was asked; False only where it surely has not
    maybe_accepted: bool = True


class RequestNotAllowedError(Exception):
    """The budget of requests allows none now, nor soon. Base of the errors with which a budget ends the work."""


class VendorSettingError(FieldError, VendorError):
    """A field of the connection is missing, unknown or impossible. Somebody has to correct it."""


class VendorTransportError(VendorError):
    """No usable answer came: no connection, a timeout, a truncated body, an HTML page instead of JSON.

    :param message: what came instead of an answer.
    :param status: the HTTP status, if there was one.
    :param maybe_accepted: whether the vendor may have got the request and acted upon it; False only where it
        surely has not, as when no connection came about.
    """

    retryable = True

    def __init__(self, message: str, status: int | None = None, maybe_accepted: bool = True) -> None:
        super().__init__(shortened(message), status, maybe_accepted)
        self.status = status
        self.maybe_accepted = maybe_accepted

    def __str__(self) -> str:
        return str(self.args[0])


class VendorPagingError(VendorError):
    """A list cannot be read to its end; what was yielded before is valid."""

    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))


class VendorAPIError(VendorError):
    """The vendor answered with an error."""


class VendorLimitError(VendorAPIError):
    """More requests than the account allows; this one was refused before anything was done.

    ``retry_after`` holds the seconds until requests are allowed again; None when the vendor did not say.
    """

    retryable = True
    maybe_accepted = False
    retry_after: float | None = None


class VendorServerError(VendorAPIError):
    """The vendor, or a gateway before it, failed."""

    retryable = True
