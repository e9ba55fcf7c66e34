"""From a JSON-RPC error to the class that stands for it, and what to do about it. Free of I/O.

``data.mnemonic`` is UIS's unique word, ``code`` only a group of them (vendor's documentation of both APIs). Some
mnemonics stand under several codes (``contact_in_blacklist`` under -32002 and -32602), so the mnemonic comes
first and the code decides for words that are not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from uis_hook.exceptions import (
    UisAccountInactiveError,
    UisAddressNotAllowedError,
    UisAPIError,
    UisCallRefusedError,
    UisCallStateError,
    UisComponentDisabledError,
    UisDuplicateError,
    UisForbiddenError,
    UisLimitExceededError,
    UisLoginError,
    UisMissingParameterError,
    UisNotFoundError,
    UisProtocolError,
    UisServerError,
    UisSortProhibitedError,
    UisTokenError,
    UisValidationError,
)
from uis_hook.limits import PERIODS, LimitPeriod, Limits, parse_limits

_CLASS_OF_MNEMONIC: dict[str, type[UisAPIError]] = {
    "access_token_invalid": UisTokenError,
    "access_token_expired": UisTokenError,
    "access_token_blocked": UisTokenError,
    "auth_error": UisLoginError,
    "ip_not_whitelisted": UisAddressNotAllowedError,
    "forbidden": UisForbiddenError,
    "component_disabled": UisComponentDisabledError,
    "method_component_disabled": UisComponentDisabledError,
    "parameter_component_disabled": UisComponentDisabledError,
    "tariff_restrictions": UisComponentDisabledError,
    "account_inactive": UisAccountInactiveError,
    "limit_exceeded": UisLimitExceededError,
    "required_parameter_missed": UisMissingParameterError,
    "entity_not_found": UisNotFoundError,
    "employee_not_found": UisNotFoundError,
    "virtual_phone_number_not_found": UisNotFoundError,
    "media_file_not_found": UisNotFoundError,
    "scenario_not_found": UisNotFoundError,
    "tag_not_found": UisNotFoundError,
    "coach_not_found": UisNotFoundError,
    "talk_option_not_found": UisNotFoundError,
    "duplicate_entity": UisDuplicateError,
    "duplicate_tag": UisDuplicateError,
    "duplicate_contact": UisDuplicateError,
    "sort_prohibited": UisSortProhibitedError,
    "contact_in_blacklist": UisCallRefusedError,
    "no_active_phone_number": UisCallRefusedError,
    "own_virtual_phone_number_not_allowed": UisCallRefusedError,
    "call_session_not_found": UisCallStateError,
    "leg_not_found": UisCallStateError,
    "invalid_state": UisCallStateError,
    "record_already_started": UisCallStateError,
    "record_already_stopped": UisCallStateError,
    "internal_error": UisServerError,
    "parse_error": UisProtocolError,
    "invalid_request": UisProtocolError,
    "method_not_found": UisProtocolError,
    "batch_opreations_not_supported": UisProtocolError,  # so spelt by UIS
    "notifications_not_supported": UisProtocolError,
}
_CLASS_OF_CODE: dict[int, type[UisAPIError]] = {
    -32001: UisTokenError,
    -32002: UisCallRefusedError,
    -32003: UisForbiddenError,
    -32004: UisCallStateError,
    -32007: UisNotFoundError,
    -32008: UisComponentDisabledError,
    -32009: UisAccountInactiveError,
    -32029: UisLimitExceededError,
    -32099: UisProtocolError,
    -32600: UisProtocolError,
    -32601: UisProtocolError,
    -32602: UisValidationError,
    -32603: UisServerError,
    -32700: UisProtocolError,
}

_REMEDIES: dict[str, str] = {
    "access_token_invalid": "check access_token, and that brand is the key's own: UIS, CoMagic, Novofon and"
    " CallGear do not know each other's keys",
    "access_token_expired": "make a new key in the cabinet (Account, users) and put it into access_token",
    "access_token_blocked": "unblock the key in the cabinet or put a new one into access_token",
    "auth_error": "check Login and Password, and that brand is the one of this user's cabinet",
    "ip_not_whitelisted": "add this machine's public address in the cabinet: Account, security rules, API",
    "forbidden": "give the key's user the right to this in the cabinet (Data API and Call API are two rights)",
    "component_disabled": "order this component of the tariff in the cabinet",
    "method_component_disabled": "order the component that this method belongs to",
    "parameter_component_disabled": "order the component that this parameter belongs to",
    "tariff_restrictions": "the tariff does not allow it; ask the vendor for another one",
    "account_inactive": "activate the account in the cabinet",
    "date_interval_limit_reached": "ask for a shorter time, at most three months",
    "virtual_phone_number_not_found": "check virtual_phone_number: it must be an active number of this account",
    "no_active_phone_number": "switch on a phone of this employee in the cabinet",
    "contact_in_blacklist": "take the number off the cabinet's blacklist or check its security rules",
    "call_session_not_found": "the call is over, or the id is not one of this account",
}

_PERIOD_IN_TEXT = re.compile(rf"\bper ({'|'.join(PERIODS)})\b", re.IGNORECASE)


def api_error(method: str, error: Mapping[str, Any], *, retry_after: float | None = None) -> UisAPIError:
    """Build the error for the ``error`` object of an answer. ``value``, the echoed input, is left behind.

    :param method: the method that was called.
    :param error: ``{"code", "message", "data": {"mnemonic", "field", "value", "metadata", …}}``.
    :param retry_after: seconds of the header Retry-After, if there was one.
    """
    data = error.get("data")
    data = data if isinstance(data, Mapping) else {}
    code = error.get("code")
    code = code if isinstance(code, int) else None
    mnemonic = str(data.get("mnemonic") or "").strip() or "an error without mnemonic"
    message = str(error.get("message") or "")
    field = data.get("field")
    field = None if field in (None, "") else str(field)
    metadata = data.get("metadata")
    limits = parse_limits(metadata.get("limits")) if isinstance(metadata, Mapping) else None
    kind = _CLASS_OF_MNEMONIC.get(mnemonic) or _CLASS_OF_CODE.get(code or 0, UisAPIError)
    remedy = _REMEDIES.get(mnemonic, "")
    if issubclass(kind, UisLimitExceededError):
        period = _period(data, message)
        if retry_after is None:
            retry_after = _reset(limits, period)
        return UisLimitExceededError(
            method, mnemonic, code, message, field, remedy, limits, retry_after=retry_after, period=period
        )
    return kind(method, mnemonic, code, message, field, remedy, limits)


def http_error(method: str, status: int, *, retry_after: float | None = None) -> UisAPIError | None:
    """Build the error for an HTTP status that came without a JSON-RPC body; None where the status says little."""
    if status == 429:
        return UisLimitExceededError(method, "HTTP 429", retry_after=retry_after)
    if status >= 500:
        return UisServerError(method, f"HTTP {status}")
    return None


def _period(data: Mapping[str, Any], message: str) -> LimitPeriod | None:
    """Find which limit it is: in ``params.limit_type``, or in UIS's own sentence ``Limit per minute has …``."""
    params = data.get("params")
    named = str(params.get("limit_type") or "").lower() if isinstance(params, Mapping) else ""
    if not named and (found := _PERIOD_IN_TEXT.search(message)):
        named = found.group(1).lower()
    return next((period for period in PERIODS if period == named), None)


def _reset(limits: Limits | None, period: LimitPeriod | None) -> float | None:
    if limits is None:
        return None
    if period is not None:
        window = limits.window(period)
        return None if window is None else window.reset_seconds
    exhausted = limits.exhausted()
    return None if exhausted is None else exhausted[1]
