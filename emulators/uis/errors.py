"""Refusals in the JSON-RPC envelope. ``data.mnemonic`` identifies the error; ``code`` is only its group."""

from typing import Any

# group of every mnemonic, as both APIs document them; misspelt ones are part of the contract
_GROUPS: dict[int, str] = {
    -32700: "parse_error",
    -32600: "invalid_request",
    -32601: "method_not_found",
    -32602: """data_type_error required_parameter_missed invalid_parameter_value unexpected_parameters
        invalid_parameters_combination sort_prohibited filter_prohibited date_interval_limit_reached
        entity_not_found dependency_error duplicate_entity campaign_is_inactive invalid_date_time
        data_limit_exceeded tariff_restrictions already_in_use error call_session_not_found employee_not_found
        no_active_phone_number own_virtual_phone_number_not_allowed media_file_not_found tts_text_exceeded
        character_encoding_not_allowed scenario_not_found leg_not_found tag_not_found duplicate_tag
        record_already_started record_already_stopped coach_not_found talk_option_not_found duplicate_contact""",
    -32603: "internal_error",
    -32001: "access_token_expired access_token_blocked access_token_invalid auth_error",
    -32002: "contact_in_blacklist",
    -32003: "ip_not_whitelisted forbidden",
    -32004: "invalid_state",
    -32007: "virtual_phone_number_not_found",
    -32008: "method_component_disabled parameter_component_disabled component_disabled",
    -32009: "account_inactive",
    -32029: "limit_exceeded",
    -32099: "batch_opreations_not_supported notifications_not_supported",
}
CODES: dict[str, int] = {name: code for code, names in _GROUPS.items() for name in names.split()}

# answers that carry no limits
WITHOUT_LIMITS = frozenset(
    [
        "parse_error",
        "invalid_request",
        "method_not_found",
        "access_token_expired",
        "access_token_blocked",
        "access_token_invalid",
        "auth_error",
        "ip_not_whitelisted",
        "batch_opreations_not_supported",
        "notifications_not_supported",
        "account_inactive",
    ]
)
_MESSAGES: dict[str, str] = {
    "parse_error": "Invalid JSON was received by the server",
    "invalid_request": "The JSON sent is not a valid Request object",
    "method_not_found": "The method does not exist / is not available",
    "internal_error": "Internal error",
    "data_type_error": "Invalid data type",
    "required_parameter_missed": "Required parameter is missed",
    "invalid_parameter_value": "Invalid parameter value",
    "unexpected_parameters": "Unexpected parameters",
    "access_token_expired": "Access token has been expired",
    "access_token_blocked": "Access token has been blocked",
    "access_token_invalid": "Access token is invalid",
    "auth_error": "Login or password is wrong",
    "ip_not_whitelisted": "Your IP address is not in the whitelist",
    "account_inactive": "Account is inactive",
    "batch_opreations_not_supported": "Batch operations not supported",
    "notifications_not_supported": "Notifications not supported",
}


class RpcError(Exception):
    """One refusal.

    :param mnemonic: its unique name; decides the code unless ``code`` is given.
    :param field: which parameter, dots for nesting: ``employee.phone_number``, ``deals.3.stage_ext_id``.
    """

    def __init__(
        self,
        mnemonic: str,
        field: str | None = None,
        value: Any = None,
        message: str | None = None,
        code: int | None = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(mnemonic)
        self.mnemonic = mnemonic
        self.code = CODES[mnemonic] if code is None else code
        self.message = message or _MESSAGES.get(mnemonic) or mnemonic.replace("_", " ").capitalize()
        self.field = field
        self.value = value
        self.params = params or {}

    def envelope(self, id: Any, metadata: dict[str, Any]) -> dict[str, Any]:
        """Return the answer's body."""
        data = {
            "mnemonic": self.mnemonic,
            "field": self.field,
            "value": self.value,
            "params": self.params,
            "extended_helper": None,
            "metadata": metadata,
        }
        return {
            "jsonrpc": "2.0",
            "id": id,
            "error": {"code": self.code, "message": self.message, "data": data},
        }
