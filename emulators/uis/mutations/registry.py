"""Runs operations by name."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ...kit.operations import find_operation
from .access import ACCESS_OPERATIONS
from .calls import CALL_OPERATIONS
from .directory import DIRECTORY_OPERATIONS
from .load import LOAD_OPERATIONS

if TYPE_CHECKING:
    from ..account import Account

Result = dict[str, Any] | Awaitable[dict[str, Any]]
Operation = Callable[["Account", dict[str, Any]], Result]
_OPERATIONS: dict[str, Operation] = {
    **CALL_OPERATIONS,
    **LOAD_OPERATIONS,
    **DIRECTORY_OPERATIONS,
    **ACCESS_OPERATIONS,
}


class Mutations:
    """The operations of an account."""

    def __init__(self, account: "Account") -> None:
        self._account = account

    def run(self, spec: dict[str, Any]) -> Result:
        """Run one operation; a virtual call is awaited by the caller.

        :raises ValueError: unknown operation, or wrong arguments.
        """
        operation = find_operation(_OPERATIONS, spec)
        return operation(self._account, {key: value for key, value in spec.items() if key != "op"})
