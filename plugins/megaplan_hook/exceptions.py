"""What can go wrong between this provider and Megaplan.

It is the tree of :mod:`megaplan_vendor_kit.exceptions` with leaves of its own.

MegaplanError
├── MegaplanSettingError          a field of the connection is missing or impossible
├── MegaplanAuthError             Megaplan refuses the login, the password or the token
├── MegaplanTransportError        no usable answer: connection, timeout, truncated body, HTML page
│   └── MegaplanRequestTooLongError   a web server in between accepts no address of that length
├── MegaplanCursorError           a list cannot be paged to its end
└── MegaplanAPIError              Megaplan answered, and the answer is an error
    ├── MegaplanForbiddenError        403
    ├── MegaplanNotFoundError         404
    ├── MegaplanValidationError       422
    ├── MegaplanRateLimitError        429
    └── MegaplanServerError           5xx

Every class has ``retryable``: whether the same task may succeed when Airflow runs it again later.

Messages are short and free of secrets and of people's data: a path, a status, Megaplan's own messages, never
a header, a query or the ``trace`` that Megaplan adds to its errors (which may be megabytes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

from megaplan_vendor_kit.exceptions import (
    VendorAPIError,
    VendorError,
    VendorLimitError,
    VendorPagingError,
    VendorServerError,
    VendorSettingError,
    VendorTransportError,
)
from megaplan_vendor_kit.field_error import shortened


class ErrorDetail(TypedDict):
    """One entry of ``meta.errors``; ``trace`` and ``internalType`` are left behind."""

    field: str | None
    message: str
    type: str | None


def error_details(errors: Any) -> list[ErrorDetail]:
    """Keep of Megaplan's error objects what a person needs.

    :param errors: whatever stands under ``meta.errors`` (or ``meta.error``): a list of objects as a rule.
    """
    if isinstance(errors, Mapping) and "message" not in errors:
        errors = list(errors.values())
    if not isinstance(errors, list):
        errors = [errors] if errors else []
    details: list[ErrorDetail] = []
    for error in errors:
        if not isinstance(error, Mapping):
            error = {"message": error}
        field, kind = error.get("field") or error.get("name"), error.get("type")
        details.append(
            ErrorDetail(
                field=None if field is None else shortened(str(field), 100),
                message=shortened(str(error.get("message") or ""), 300),
                type=None if kind is None else shortened(str(kind), 100),
            )
        )
    return details


class MegaplanError(VendorError):
    """Base of everything that the Megaplan hook raises on purpose."""


class MegaplanSettingError(VendorSettingError, MegaplanError):
    """A field of the connection is missing, unknown or impossible. Somebody has to correct it."""


RefusedPart = Literal["credentials", "second_factor", "request", "token", "address"]
"""What Megaplan does not accept: login and password, a login without its second factor, the form of the request, a
token, or any login at that address."""


class MegaplanAuthError(MegaplanError):
    """Megaplan refuses the login, the password or the token; the message says which field to look at."""

    def __init__(self, message: str, refused: RefusedPart = "token") -> None:
        super().__init__(shortened(message))
        self.refused = refused


class MegaplanTransportError(VendorTransportError, MegaplanError):
    """No usable answer came: no connection, a timeout, a truncated body, an HTML page instead of JSON."""


class MegaplanRequestTooLongError(MegaplanTransportError):
    """A web server before Megaplan refuses an address for its length, or seems to.

    :param query_length: characters of the query that was refused
    """

    retryable = False
    tries_exhausted = True

    def __init__(self, path: str, status: int, query_length: int) -> None:
        super().__init__(
            f"{path}: {status}, a web server before Megaplan accepts no request with a query of {query_length} "
            "characters. Raise its limit, or that of a proxy in between (of nginx: large_client_header_buffers)",
            status,
        )
        self.query_length = query_length


class MegaplanCursorError(VendorPagingError, MegaplanError):
    """A list cannot be paged to its end: the cursor does not move, and stepping back did not help.

    Nothing is lost: what was yielded before is valid, and a later reading may start from the last trail.
    """


class MegaplanAPIError(VendorAPIError, MegaplanError):
    """Megaplan answered with an error status (in HTTP or in ``meta.status``).

    :param status: 400 or more.
    :param path: the route, such as ``/deal/77``, without its query.
    :param errors: ``meta.errors`` of the answer, ``trace`` cut off.
    :param retry_after: seconds Megaplan asks to wait, if it did.
    """

    def __init__(
        self, status: int, path: str, errors: Iterable[ErrorDetail] = (), retry_after: float | None = None
    ) -> None:
        self.status = status
        self.path = path
        self.errors = list(errors)
        self.retry_after = retry_after
        super().__init__(status, path, self.errors, retry_after)

    def __str__(self) -> str:
        messages = "; ".join(
            f"{error['field']}: {error['message']}" if error["field"] else error["message"]
            for error in self.errors
        )
        waiting = f", retry after {self.retry_after:g} s" if self.retry_after is not None else ""
        return shortened(
            f"Megaplan answered {self.status} to {self.path}{waiting}" + (f": {messages}" if messages else "")
        )


class MegaplanForbiddenError(MegaplanAPIError):
    """403: the user has no rights, or the action is not allowed in the entity's present state."""


class MegaplanNotFoundError(MegaplanAPIError):
    """404: no such route or no such entity (deleted, or never visible to this user)."""


class MegaplanValidationError(MegaplanAPIError):
    """422: an unknown argument or field, a wrong type, a missing required field; see ``errors``."""

    @property
    def is_about_fields(self) -> bool:
        """Whether it names fields or arguments; the wordings were seen on live accounts."""
        text = " ".join(f"{detail['field'] or ''} {detail['message']}" for detail in self.errors).lower()
        if "pageafter" in text.replace("_", ""):
            return False
        return any(
            words in text for words in ("extra field", "have not this field", "sortfield", "not defined for")
        )


class MegaplanRateLimitError(VendorLimitError, MegaplanAPIError):
    """429: more requests than this account allows, and waiting did not help in time."""


class MegaplanServerError(VendorServerError, MegaplanAPIError):
    """5xx: Megaplan or the gateway before it failed."""


def concerns_one_answer(error: Exception) -> bool:
    """Return whether Megaplan answers other requests: it, or a web server before it, has refused just this one.

    What it limits, and what cannot be reached, is about all of them.
    """
    if isinstance(error, MegaplanTransportError):
        return error.status is not None
    return isinstance(error, MegaplanAPIError) and not isinstance(error, MegaplanRateLimitError)


_CLASS_OF_STATUS: dict[int, type[MegaplanAPIError]] = {
    403: MegaplanForbiddenError,
    404: MegaplanNotFoundError,
    422: MegaplanValidationError,
    429: MegaplanRateLimitError,
}


def api_error(
    status: int, path: str, errors: Iterable[ErrorDetail] = (), retry_after: float | None = None
) -> MegaplanAPIError:
    """Choose the class for a status."""
    general = MegaplanServerError if status >= 500 else MegaplanAPIError
    return _CLASS_OF_STATUS.get(status, general)(status, path, errors, retry_after)
