"""What can go wrong between this provider and UIS (CoMagic, Novofon 2.0, CallGear).

It is the tree of :mod:`megaplan_vendor_kit.exceptions` with leaves of its own.

UisError
├── UisSettingError               a field of the connection is missing or impossible
├── UisTransportError             no usable answer: connection, timeout, truncated body, HTML page
├── UisPagingError                a list cannot be read to its end
└── UisAPIError                   UIS answered, and the answer is an error; its mnemonic says which
    ├── UisTokenError                 access_token_invalid, _expired, _blocked
    ├── UisLoginError                 auth_error
    ├── UisAddressNotAllowedError     ip_not_whitelisted
    ├── UisForbiddenError             forbidden
    ├── UisComponentDisabledError     component_disabled and its kin, tariff_restrictions
    ├── UisAccountInactiveError       account_inactive
    ├── UisLimitExceededError         limit_exceeded
    ├── UisValidationError            whatever is wrong with the parameters
    │   ├── UisMissingParameterError      required_parameter_missed
    │   ├── UisNotFoundError              entity_not_found, employee_not_found, …
    │   ├── UisDuplicateError             duplicate_entity, …
    │   └── UisSortProhibitedError        sort_prohibited
    ├── UisCallRefusedError           the call may not or cannot be made: contact_in_blacklist, …
    ├── UisCallStateError             not possible in the call's present state: call_session_not_found, …
    ├── UisServerError                internal_error, HTTP 5xx
    └── UisProtocolError              parse_error, method_not_found, …: a mistake of this provider

Every class has ``retryable``: whether the same task may succeed when Airflow runs it again later. Whether a
request may be sent again at once, which is another question, says :mod:`megaplan_vendor_kit.retry`.

Messages are short and free of secrets and of people's data: a method, a mnemonic, the name of a field, UIS's
own text and what to do; never parameters or the ``value`` that UIS echoes.
"""

from __future__ import annotations

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
from uis_hook.limits import LimitPeriod, Limits


class UisError(VendorError):
    """Base of everything that the UIS hook raises on purpose."""

    # which connection it happened with; the protocol does not know, the client fills it in
    connection_id: str | None = None

    def _message(self, message: str) -> str:
        where = f"Connection {self.connection_id!r}: " if self.connection_id else ""
        return shortened(where + message)


class UisSettingError(VendorSettingError, UisError):
    """A field of the connection is missing, unknown or impossible. Somebody has to correct it."""


class UisTransportError(VendorTransportError, UisError):
    """No usable answer came: no connection, a timeout, a truncated body, an HTML page instead of JSON."""

    def __str__(self) -> str:
        unclear = "" if self.maybe_accepted else " (UIS has not got the request)"
        return self._message(f"{self.args[0]}{unclear}")


class UisPagingError(VendorPagingError, UisError):
    """A list cannot be read to its end: an empty page before it, or more rows than UIS lets one count to."""

    def __str__(self) -> str:
        return self._message(str(self.args[0]))


class UisAPIError(VendorAPIError, UisError):
    """UIS answered with a JSON-RPC error.

    :param method: such as ``get.employees``.
    :param mnemonic: UIS's unique word for what is wrong, such as ``ip_not_whitelisted``.
    :param code: the JSON-RPC code, which only names a group; None for an HTTP error without one.
    :param message: UIS's own text.
    :param field: the parameter at fault, nested names joined by dots.
    :param remedy: what to do about it.
    :param limits: the account's limits, when the answer brought them.
    """

    def __init__(
        self,
        method: str,
        mnemonic: str,
        code: int | None = None,
        message: str = "",
        field: str | None = None,
        remedy: str = "",
        limits: Limits | None = None,
    ) -> None:
        super().__init__(method, mnemonic, code, message, field, remedy, limits)
        self.method = method
        self.mnemonic = mnemonic
        self.code = code
        self.message = message
        self.field = field
        self.remedy = remedy
        self.limits = limits

    def __str__(self) -> str:
        parts = [f"UIS answered {self.mnemonic} to {self.method}"]
        if self.field:
            parts.append(f", field {shortened(self.field, 100)!r}")
        if self.message:
            parts.append(f": {shortened(self.message, 150).rstrip('.')}")
        if self.remedy:
            parts.append(f"; {self.remedy}")
        return self._message("".join(parts) + ".")


class UisTokenError(UisAPIError):
    """The access token is unknown, expired or blocked. A session key also becomes "unknown" when it expires."""


class UisLoginError(UisAPIError):
    """Login and password are refused."""


class UisAddressNotAllowedError(UisAPIError):
    """The IP address of this machine is not on the account's list, which admits nobody by default."""


class UisForbiddenError(UisAPIError):
    """The user of the key has no right to this, or nobody has (system entities)."""


class UisComponentDisabledError(UisAPIError):
    """The account's tariff lacks the component that the method or the parameter belongs to."""


class UisAccountInactiveError(UisAPIError):
    """The account is switched off."""


class UisLimitExceededError(VendorLimitError, UisAPIError):
    """No points are left, and waiting for new ones takes longer than the caller allows.

    Such requests are refused before anything is done, by UIS or already here.

    :param retry_after: seconds until the limit is reset; None when UIS did not say.
    :param period: which limit it is, when known.
    """

    def __init__(
        self,
        method: str,
        mnemonic: str = "limit_exceeded",
        code: int | None = None,
        message: str = "",
        field: str | None = None,
        remedy: str = "",
        limits: Limits | None = None,
        retry_after: float | None = None,
        period: LimitPeriod | None = None,
    ) -> None:
        super().__init__(method, mnemonic, code, message, field, remedy, limits)
        self.args = (*self.args, retry_after, period)
        self.retry_after = retry_after
        self.period = period

    def __str__(self) -> str:
        which = f" per {self.period}" if self.period else ""
        when = f"new points come in {self.retry_after:.0f} s" if self.retry_after is not None else ""
        reason = shortened(self.message, 150).rstrip(".") if self.message else f"no points{which} are left"
        return self._message(
            f"UIS answered {self.mnemonic} to {self.method}: {reason}"
            + "".join(f"; {part}" for part in (when, self.remedy) if part)
            + "."
        )


class UisValidationError(UisAPIError):
    """UIS refuses a parameter; ``field`` says which one."""


class UisMissingParameterError(UisValidationError):
    """A parameter that UIS requires is missing."""


class UisNotFoundError(UisValidationError):
    """There is no such entity, employee, number or the like."""


class UisDuplicateError(UisValidationError):
    """Such an entity exists already."""


class UisSortProhibitedError(UisValidationError):
    """The list cannot be sorted by that field."""


class UisCallRefusedError(UisAPIError):
    """The call may not or cannot be made; nobody's phone has rung."""


class UisCallStateError(UisAPIError):
    """Not possible in the present state of the call, or the call is over already."""


class UisServerError(VendorServerError, UisAPIError):
    """UIS or the gateway before it failed."""


class UisProtocolError(UisAPIError):
    """UIS does not understand the request as such."""
