"""Refusals of the API.

ApiError
├── UnauthorizedError        401
├── ForbiddenError           403
├── NotFoundError            404, unknown route and unknown id alike
├── MethodNotAllowedError    405
├── UnprocessableError       422
│   ├── WrongTypeError
│   ├── MissingFieldError
│   ├── NotAllowedError
│   └── ExtraFieldError
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


class WrongTypeError(UnprocessableError):
    """A value of another type than the field or argument has."""

    def __init__(self, value: Any, expected: str, field: str | None = None, trace_bytes: int = 2_000) -> None:
        super().__init__(f"'{php_type(value)}' is not assignable to '{expected}'", field, trace_bytes)


class MissingFieldError(UnprocessableError):
    """A required field that is absent or empty."""

    def __init__(self, field: str) -> None:
        super().__init__("Поле обязательно", field)


class NotAllowedError(UnprocessableError):
    """A value that is none of the field's choices."""

    def __init__(self, content_type: str, field: str) -> None:
        super().__init__(f"Value is not allowed for '{content_type}.{field}'", field)


class ExtraFieldError(UnprocessableError):
    """A key that the type does not define."""

    def __init__(self, name: str, content_type: str) -> None:
        super().__init__(
            f'There is extra field "{name}", which is not defined for content type "{content_type}"'
        )


class ServerError(ApiError):
    """Megaplan's own failure; its trace is an encrypted blob of hundreds of kilobytes."""

    status = 500
    type = "RuntimeException"

    def __init__(self, message: str, trace_bytes: int = 300_000) -> None:
        super().__init__(message, None, trace_bytes)


def php_type(value: Any) -> str:
    """Return what PHP calls the type of a decoded JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "stdClass", list: "array", str: "string", int: "integer", float: "double"}
    return names.get(type(value), "mixed")


@lru_cache(maxsize=8)
def encrypted_trace(size: int) -> str:
    """Return the blob printed as ``trace``: base64 of noise, always the same for a size."""
    return base64.b64encode(random.Random(size).randbytes(size * 3 // 4)).decode()
