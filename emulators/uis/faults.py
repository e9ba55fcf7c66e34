"""Faults that only UIS has: refusals in the JSON-RPC envelope, and session keys that end."""

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ..kit import faults
from ..kit.answers import RawAnswer
from .errors import CODES, RpcError


@dataclass
class Fault(faults.Fault):
    """A fault in front of one or both APIs, or of the recordings."""

    mnemonic: str = "internal_error"
    field: str | None = None

    KINDS: ClassVar = faults.Fault.KINDS | {"rpc", "expire_sessions"}
    PROCESSED_KINDS: ClassVar = faults.Fault.PROCESSED_KINDS | {"expire_sessions"}
    MATCH_KEYS: ClassVar = faults.Fault.MATCH_KEYS | {"api"}
    CONTENT_TYPE: ClassVar = "application/json; charset=UTF-8"

    def __post_init__(self) -> None:
        if self.mnemonic not in CODES:
            raise ValueError(f"unknown mnemonic {self.mnemonic!r}")

    def spoil(self, answer: RawAnswer | None, request_id: Any = None) -> RawAnswer:
        """Return what goes out instead of the answer."""
        if self.kind == "rpc":
            refusal = RpcError(self.mnemonic, self.field).envelope(request_id, {})
            return RawAnswer(self.status or 200, orjson.dumps(refusal), self.CONTENT_TYPE)
        return super().spoil(answer, request_id)

    def describe(self) -> dict[str, Any]:
        """Return the fault with its counters."""
        return {**super().describe(), "api": self.match.api}
