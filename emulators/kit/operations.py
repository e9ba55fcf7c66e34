"""Operations of ``POST /_control/mutate``, registered under the names of their functions."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Operation = TypeVar("Operation", bound=Callable[..., Any])


def by_name(*operations: Operation) -> dict[str, Operation]:
    """Return operations by the names of their functions."""
    return {operation.__name__: operation for operation in operations}


def find_operation(operations: Mapping[str, Operation], spec: Mapping[str, Any]) -> Operation:
    """Return the operation that ``op`` names.

    :raises ValueError: there is none.
    """
    operation = operations.get(str(spec.get("op", "")))
    if operation is None:
        raise ValueError(f"unknown operation {spec.get('op')!r}, known: {', '.join(sorted(operations))}")
    return operation
