"""Error responses: a status and a readable message."""

from __future__ import annotations

import orjson
from starlette.responses import Response


class RefusedError(Exception):
    """A request that cannot be served.

    :param status: HTTP status of the response
    :param message: readable explanation; never contains request data or secrets
    :param retry_after: seconds after which the client may retry
    :param closes: close the connection, since the body was not read to its end
    """

    def __init__(
        self, status: int, message: str, *, retry_after: int | None = None, closes: bool = False
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.closes = closes

    def response(self) -> Response:
        """Return the HTTP response."""
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.closes:
            headers["Connection"] = "close"
        return json_response({"error": self.message}, self.status, headers)


def not_found() -> RefusedError:
    """Return the single refusal for everything that does not exist or is not accessible to the caller."""
    return RefusedError(404, "Not found.", closes=True)


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return Response(orjson.dumps(value), status, headers, "application/json")
