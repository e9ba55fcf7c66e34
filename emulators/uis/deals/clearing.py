"""How a value of a deal is removed, and how long a number may be. The documentation tells neither; see the knobs."""

from decimal import Decimal, InvalidOperation
from typing import Any

from ..errors import RpcError
from ..knobs import Knobs

_OPTIONAL = (
    "contact_ext_ids",
    "main_contact_ext_id",
    "employee_ext_id",
    "company_ext_id",
    "revenue",
    "comments",
    "source",
)


def check_clearing(knobs: Knobs, record: dict[str, Any]) -> None:
    """Refuse what does not remove a value in this account.

    :raises RpcError: data_type_error, invalid_parameter_value.
    """
    for name in _OPTIONAL:
        if name in record and record[name] is None and knobs.cleared_by != "null":
            raise RpcError("data_type_error", name)
        if record.get(name) in ("", []) and knobs.cleared_by != "empty":
            raise RpcError("invalid_parameter_value", name, record[name])
    for index, entry in enumerate(record.get("user_fields") or []):
        if not isinstance(entry["value"], str):
            raise RpcError("data_type_error", f"user_fields.{index}.value", entry["value"])
        if not entry["value"].strip() and knobs.cleared_by != "empty":
            raise RpcError("invalid_parameter_value", f"user_fields.{index}.value", entry["value"])


def check_digits(knobs: Knobs, value: Any, field: str) -> None:
    """Refuse a number that is too long.

    :raises RpcError: invalid_parameter_value.
    """
    try:
        number = Decimal(str(value or 0))
    except InvalidOperation:
        return
    if number.is_finite() and abs(number) >= Decimal(10) ** knobs.sum_digits:
        raise RpcError("invalid_parameter_value", field, value, "The number is too long")


def state_after(knobs: Knobs, last: dict[str, Any] | None, record: dict[str, Any]) -> dict[str, Any]:
    """Return a deal after a record has been added."""
    if last is None or knobs.omitted_deal_fields == "drop":
        return dict(record)
    state = last | record
    if knobs.merged_user_fields:
        fields = {entry["ext_id"]: entry for entry in last.get("user_fields") or []}
        fields |= {entry["ext_id"]: entry for entry in record.get("user_fields") or []}
        state["user_fields"] = list(fields.values())
    return {name: None if value == "" else value for name, value in state.items()}
