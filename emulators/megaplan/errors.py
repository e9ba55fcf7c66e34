"""Refusals of the API.

ApiError
├── UnauthorizedError        401
├── ForbiddenError           403
├── NotFoundError            404, unknown route and unknown id alike
├── MethodNotAllowedError    405
├── UnprocessableError       422
└── ServerError              500
"""

import base64
import random
from functools import lru_cache
from typing import Any


class ApiError(Exception):
    """A refusal in the ordinary envelope."""

    status = 500
    type = "Exception"

    def __init__(self, message: str, field: str | None = None, trace_bytes: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.trace_bytes = trace_bytes

    def envelope(self) -> dict[str, Any]:
        """Return the answer's body."""
        error: dict[str, Any] = {"field": self.field, "message": self.message}
        if self.status != 401:
            error["type"] = self.type
            error["trace"] = [encrypted_trace(self.trace_bytes)] if self.trace_bytes else []
        return {"meta": {"status": self.status, "errors": [error]}, "data": {}}


class UnauthorizedError(ApiError):
    """No token, an unknown one or an expired one."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class ForbiddenError(ApiError):
    """The user has no right to it, or the entity's state forbids it."""

    status = 403
    type = "AccessDeniedHttpException"


class NotFoundError(ApiError):
    """There is no such route, or no such entity."""

    status = 404
    type = "NotFoundHttpException"

    def __init__(self, message: str = "No route found") -> None:
        super().__init__(message)


class MethodNotAllowedError(ApiError):
    """The route exists under another method."""

    status = 405
    type = "MethodNotAllowedHttpException"

    def __init__(self, method: str, path: str, allowed: list[str]) -> None:
        super().__init__(
            f'No route found for "{method} {path}": Method Not Allowed (Allow: {", ".join(allowed)})'
        )


class UnprocessableError(ApiError):
    """An argument or a body that the validator refuses."""

    status = 422
    type = "ValidationException"

    def __init__(self, message: str, field: str | None = None, trace_bytes: int = 2_000) -> None:
        super().__init__(message, field, trace_bytes)


class ServerError(ApiError):
    """Megaplan's own failure; its trace is an encrypted blob of hundreds of kilobytes."""

    status = 500
    type = "RuntimeException"

    def __init__(self, message: str, trace_bytes: int = 300_000) -> None:
        super().__init__(message, None, trace_bytes)


@lru_cache(maxsize=8)
def encrypted_trace(size: int) -> str:
    """Return the blob printed as ``trace``: base64 of noise, always the same for a size."""
    return base64.b64encode(random.Random(size).randbytes(size * 3 // 4)).decode()
