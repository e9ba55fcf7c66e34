"""Faults that only Megaplan has: its own refusals, and access tokens that expire."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import orjson

from ..kit import faults
from ..kit.answers import RawAnswer
from .errors import ApiError, ServerError, UnauthorizedError

API = "/api/v3"


@dataclass
class Fault(faults.Fault):
    """A fault in front of Megaplan's API.

    ``expire_tokens``: whatever the kind, all access tokens expire at once and the client has to log in again.
    """

    expire_tokens: bool = False

    KINDS: ClassVar = faults.Fault.KINDS | {"401"}

    @classmethod
    def read(cls, spec: dict[str, Any]) -> Self:
        """Read a fault from JSON."""
        return super().read(without_api_root(spec))

    def spoil(self, answer: RawAnswer | None, request_id: Any = None) -> RawAnswer:
        """Return what goes out instead of the answer."""
        if self.kind == "401":
            return self._refusal(UnauthorizedError())
        if self.kind == "500":
            return self._refusal(ServerError("Internal Server Error"))
        return super().spoil(answer, request_id)

    def _refusal(self, error: ApiError) -> RawAnswer:
        return RawAnswer(self.status or error.status, orjson.dumps(error.envelope()), self.CONTENT_TYPE)


def without_api_root(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a match with its path as the API's own documentation writes it: /deal."""
    return {**spec, "path": str(spec.get("path", "")).removeprefix(API)}
