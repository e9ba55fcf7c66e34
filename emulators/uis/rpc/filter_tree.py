"""Filters: one comparison, or a tree of them joined by and / or."""

import re
from collections.abc import Callable, Collection
from typing import Any

from ..errors import RpcError

Row = dict[str, Any]
Test = Callable[[Row], bool]
_OPERATORS = frozenset(
    [
        "=",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "like",
        "ilike",
        "not_like",
        "not_ilike",
        "regexp",
        "in",
        "not_in",
        "overlap",
        "not_overlap",
        "is_null",
        "is_not_null",
    ]
)


def build_filter(spec: Any, known: Collection[str], allowed: Collection[str], depth: int = 0) -> Test:
    """Return the test a row must pass.

    :param known: columns that exist. :param allowed: those a filter may name.
    :param depth: how many levels the tree may have, 0 = any.
    :raises RpcError: filter_prohibited, unexpected_parameters, invalid_parameter_value,
        required_parameter_missed, data_type_error.
    """
    return _node(spec, known, allowed, "filter", depth, 1)


def _node(
    spec: Any, known: Collection[str], allowed: Collection[str], path: str, depth: int, level: int
) -> Test:
    if not isinstance(spec, dict):
        raise RpcError("data_type_error", path, spec)
    if "filters" not in spec:
        return _leaf(spec, known, allowed, path)
    if depth and level > depth - 1:
        raise RpcError("invalid_parameter_value", path, None, f"The filter is deeper than {depth} levels")
    condition = spec.get("condition", "and")
    if condition not in {"and", "or"}:
        raise RpcError("invalid_parameter_value", f"{path}.condition", condition)
    if not isinstance(spec["filters"], list):
        raise RpcError("data_type_error", f"{path}.filters", spec["filters"])
    tests = [
        _node(inner, known, allowed, f"{path}.filters.{index}", depth, level + 1)
        for index, inner in enumerate(spec["filters"])
    ]
    join = all if condition == "and" else any
    return lambda row: join(test(row) for test in tests)


def _leaf(spec: Row, known: Collection[str], allowed: Collection[str], path: str) -> Test:
    for name in ("field", "operator"):
        if name not in spec:
            raise RpcError("required_parameter_missed", f"{path}.{name}")
    if unknown := set(spec) - {"field", "operator", "value"}:
        raise RpcError("unexpected_parameters", f"{path}.{sorted(unknown)[0]}")
    field, operator, wanted = spec["field"], spec["operator"], spec.get("value")
    if field not in known:
        raise RpcError("unexpected_parameters", f"{path}.field", field)
    if field not in allowed:
        raise RpcError("filter_prohibited", f"{path}.field", field)
    if operator not in _OPERATORS:
        raise RpcError("invalid_parameter_value", f"{path}.operator", operator)
    if operator in {"in", "not_in", "overlap", "not_overlap"} and not isinstance(wanted, list):
        raise RpcError("data_type_error", f"{path}.value", wanted)
    if "like" in operator or operator == "regexp":
        if not isinstance(wanted, str):
            raise RpcError("data_type_error", f"{path}.value", wanted)
        return _pattern_test(field, operator, wanted, path)
    return lambda row: _compare(row.get(field), operator, wanted)


def _pattern_test(field: str, operator: str, wanted: str, path: str) -> Test:
    """``like`` uses ``%`` for any text and is case-sensitive; ``ilike`` is not."""
    source = wanted if operator == "regexp" else "".join(".*" if c == "%" else re.escape(c) for c in wanted)
    try:
        pattern = re.compile(source, re.DOTALL | (re.IGNORECASE if "ilike" in operator else 0))
    except re.error as error:
        raise RpcError("invalid_parameter_value", f"{path}.value", wanted) from error
    find = pattern.search if operator == "regexp" else pattern.fullmatch
    negative = operator.startswith("not_")
    return lambda row: row.get(field) is not None and (find(str(row[field])) is not None) is not negative


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "=":
            return bool(value == wanted)
        case "!=":
            return bool(value != wanted)
        case "is_null":
            return value is None
        case "is_not_null":
            return value is not None
        case "in":
            return value in wanted
        case "not_in":
            return value not in wanted
        case "overlap" | "not_overlap":
            shared = any(member in wanted for member in value or [])
            return shared is (operator == "overlap")
    if value is None or wanted is None:
        return False
    try:
        below, equal = bool(value < wanted), bool(value == wanted)
    except TypeError:
        return False
    return {"<": below, "<=": below or equal, ">": not below and not equal, ">=": not below}[operator]
