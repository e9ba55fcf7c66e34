"""The operations by name, and those waiting for a request."""

from dataclasses import dataclass
from typing import Any

from ...kit.operations import find_operation
from ...kit.request_match import RequestMatch, read_match
from ..data.store import Store
from ..errors import ApiError
from ..faults import without_api_root
from ..tokens import Tokens
from .account import ACCOUNT_OPERATIONS
from .calls import CALL_OPERATIONS
from .contractors import CONTRACTOR_OPERATIONS
from .deals import DEAL_OPERATIONS
from .directories import DIRECTORY_OPERATIONS
from .operation import Operation
from .programs import PROGRAM_OPERATIONS
from .visibility import VISIBILITY_OPERATIONS

OPERATIONS: dict[str, Operation] = {
    **DEAL_OPERATIONS,
    **CONTRACTOR_OPERATIONS,
    **CALL_OPERATIONS,
    **VISIBILITY_OPERATIONS,
    **PROGRAM_OPERATIONS,
    **DIRECTORY_OPERATIONS,
    **ACCOUNT_OPERATIONS,
}


@dataclass
class _Waiting:
    """A mutation that runs when a matching request has been answered."""

    spec: dict[str, Any]
    match: RequestMatch


class Mutations:
    """Runs mutations, now or later."""

    def __init__(self, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens
        self._operations = {**OPERATIONS, "expire_tokens": self._expire_tokens}
        self._waiting: list[_Waiting] = []
        self.failures: list[str] = []

    def run(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Run one mutation, or keep it until its ``after`` request has been answered.

        :raises ValueError: an unknown operation or wrong arguments.
        """
        operation = find_operation(self._operations, spec)
        if "after" in spec:
            later = {name: value for name, value in spec.items() if name != "after"}
            match = read_match(without_api_root(spec["after"]), exact=True, count=1)
            self._waiting.append(_Waiting(later, match))
            return {"op": spec["op"], "waiting": True}
        return {"op": spec["op"], **self._apply(operation, spec)}

    def after(self, method: str, path: str) -> None:
        """Run what waits for this request."""
        for waiting in list(self._waiting):
            if waiting.match.hits(path, method):
                try:
                    self.run(waiting.spec)
                except (KeyError, ValueError) as error:
                    self.failures.append(f"{waiting.spec.get('op')}: {error}")
            if waiting.match.count and waiting.match.fired >= waiting.match.count:
                self._waiting.remove(waiting)

    def clear(self) -> None:
        """Drop all waiting mutations and the failures."""
        self._waiting.clear()
        self.failures.clear()

    def _expire_tokens(self, store: Store, spec: dict[str, Any]) -> dict[str, Any]:
        self._tokens.expire_all()
        return {}

    def _apply(self, operation: Operation, spec: dict[str, Any]) -> dict[str, Any]:
        self._store.is_silent = bool(spec.get("silent"))
        try:
            return operation(self._store, spec)
        except KeyError as error:
            raise ValueError(f"{spec['op']} lacks {error}") from error
        except ApiError as error:
            raise ValueError(error.message) from error
        finally:
            self._store.is_silent = False
