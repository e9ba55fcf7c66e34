"""What a caller did wrong, or what is wrong here: a status and a sentence for people."""

from __future__ import annotations

import orjson
from starlette.responses import Response


class RefusedError(Exception):
    """A request that cannot be served.

    :param status: of the answer
    :param told: a sentence for whoever looks at the answer; never what was sent, never a secret
    :param retry_after: seconds after which it may be tried again
    :param closes: the connection is of no use any more: the rest of the body was not read
    """

    def __init__(
        self, status: int, told: str, *, retry_after: int | None = None, closes: bool = False
    ) -> None:
        super().__init__(status, told)
        self.status = status
        self.told = told
        self.retry_after = retry_after
        self.closes = closes

    def response(self) -> Response:
        """Return the answer."""
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.closes:
            headers["Connection"] = "close"
        return json_response({"error": self.told}, self.status, headers)


def not_found() -> RefusedError:
    """Return the one answer to everything that is not there, or not for whoever asks."""
    return RefusedError(404, "There is nothing here.", closes=True)


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(value), status, headers, "application/json")
