"""Declared parameters of a method and the checks every one of them gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import RpcError
from ..wall_time import WallTime


@dataclass(frozen=True)
class Param:
    """One parameter.

    ``type``: string, number, integer, boolean, array, object, datetime, any. ``items`` describes the members of
    an object, or of every object in an array; ``item_type`` the scalars in an array.
    """

    name: str
    type: str = "string"
    required: bool = False
    nullable: bool = False
    choices: tuple[Any, ...] = ()
    items: tuple["Param", ...] = ()
    item_type: str = ""
    at_most: int = 0
    too_many: str = "data_limit_exceeded"


def text(name: str, required: bool = False, **more: Any) -> Param:
    """Declare a string."""
    return Param(name, "string", required, **more)


def number(name: str, required: bool = False, **more: Any) -> Param:
    """Declare a whole number, such as an id."""
    return Param(name, "integer", required, **more)


def flag(name: str, required: bool = False) -> Param:
    """Declare a boolean."""
    return Param(name, "boolean", required)


def strings(name: str, required: bool = False, **more: Any) -> Param:
    """Declare a list of strings."""
    return Param(name, "array", required, item_type="string", **more)


def moment(name: str, required: bool = False, **more: Any) -> Param:
    """Declare a date and time without zone."""
    return Param(name, "datetime", required, **more)


def check(params: dict[str, Any], declared: Sequence[Param], wall: WallTime, path: str = "") -> None:
    """Check an object against its declaration.

    :raises RpcError: unexpected_parameters, required_parameter_missed, data_type_error,
        invalid_parameter_value, invalid_date_time, data_limit_exceeded; ``field`` is the dotted path.
    """
    known = {param.name: param for param in declared}
    for name, value in params.items():
        if name not in known:
            raise RpcError("unexpected_parameters", path + name, value)
    for param in declared:
        field = path + param.name
        if param.name not in params:
            if param.required:
                raise RpcError("required_parameter_missed", field)
            continue
        _check_value(param, params[param.name], field, wall)


def _check_value(param: Param, value: Any, field: str, wall: WallTime) -> None:
    if value is None:
        if param.nullable:
            return
        if param.required:
            raise RpcError("required_parameter_missed", field)
        raise RpcError("data_type_error", field, value)
    if not _fits(param.type, value):
        raise RpcError("data_type_error", field, value)
    if param.type == "datetime":
        check_moment(value, field, wall)
    if param.choices and value not in param.choices:
        raise RpcError("invalid_parameter_value", field, value)
    if param.type == "string" and param.required and not value.strip():
        raise RpcError("invalid_parameter_value", field, value)
    if param.type == "object" and param.items:
        check(value, param.items, wall, field + ".")
    if param.type == "array":
        _check_list(param, value, field, wall)


def _check_list(param: Param, values: list[Any], field: str, wall: WallTime) -> None:
    if param.at_most and len(values) > param.at_most:
        message = f"No more than {param.at_most} items are allowed, {len(values)} are given"
        raise RpcError(param.too_many, field, len(values), message)
    if param.required and not values:
        raise RpcError("invalid_parameter_value", field, values)
    for index, value in enumerate(values):
        if param.items:
            if not isinstance(value, dict):
                raise RpcError("data_type_error", f"{field}.{index}", value)
            check(value, param.items, wall, f"{field}.{index}.")
        elif param.item_type and not _fits(param.item_type, value):
            raise RpcError("data_type_error", f"{field}.{index}", value)


def check_moment(value: Any, field: str, wall: WallTime) -> float:
    """Read a date and time.

    :raises RpcError: invalid_date_time.
    """
    try:
        return wall.timestamp(value)
    except (TypeError, ValueError) as error:
        raise RpcError(
            "invalid_date_time", field, value, "Date and time must look like YYYY-MM-DD hh:mm:ss"
        ) from error


def check_phone(value: str, field: str) -> str:
    """Return an E.164 number without plus.

    :raises RpcError: invalid_parameter_value.
    """
    if not (value.isdigit() and 11 <= len(value) <= 15 and value[0] != "0"):
        raise RpcError("invalid_parameter_value", field, value)
    return value


def _fits(type: str, value: Any) -> bool:
    match type:
        case "string" | "datetime":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True
