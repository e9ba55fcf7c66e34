"""Control routes under ``/_control``. They need no login, are not limited and not logged."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Generic, Protocol, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .faults import Faults
from .knobs import Knobs

Handler = Callable[[Request], Awaitable[Any]]


class Account(Protocol):
    """What every emulated account has."""

    @property
    def faults(self) -> Faults[Any]:
        """The faults in force."""

    @property
    def knobs(self) -> Knobs:
        """The settings."""

    @property
    def log(self) -> list[Any]:
        """The requests so far, as dataclasses."""


A = TypeVar("A", bound=Account)


class ControlRoutes(Generic[A]):
    """The routes that every emulator has; a vendor's subclass adds its own to :meth:`handlers`."""

    def __init__(self, account: A) -> None:
        self._account = account

    def handlers(self) -> dict[str, tuple[str, Handler]]:
        """Return the methods and the handler of each route. What a handler returns is sent as JSON."""
        return {
            "faults": ("GET POST DELETE", self.faults),
            "knobs": ("GET POST", self.knobs),
            "requests": ("GET DELETE", self.requests),
        }

    def routes(self) -> list[Route]:
        """Return the routes for the application."""
        return [
            Route(f"/_control/{name}", _answered_as_json(handler), methods=methods.split())
            for name, (methods, handler) in self.handlers().items()
        ]

    async def faults(self, request: Request) -> Any:
        """Add faults, list them, or remove all."""
        faults = self._account.faults
        if request.method == "DELETE":
            faults.active.clear()
        elif request.method == "POST":
            faults.add(await read_objects(request))
        return [fault.describe() for fault in faults.active]

    async def knobs(self, request: Request) -> Any:
        """Show all knobs; POST sets some."""
        if request.method == "POST":
            for name, value in (await read_object(request)).items():
                self._account.knobs.set(name, value)
                self.knob_was_set(name)
        return self._account.knobs.as_dict()

    def knob_was_set(self, name: str) -> None:
        """React to the new value of a knob."""

    async def requests(self, request: Request) -> Any:
        """Show the log of requests; DELETE clears it."""
        return [asdict(entry) for entry in shown_log(request, self._account.log)]


def shown_log(request: Request, entries: list[Any]) -> list[Any]:
    """Return a log; DELETE clears it first."""
    if request.method == "DELETE":
        entries.clear()
    return entries


async def read_objects(request: Request) -> list[dict[str, Any]]:
    """Return the JSON objects of a body that is one, or a list of them.

    :raises ValueError: neither an object nor a list of objects.
    """
    parsed = orjson.loads(await request.body())
    entries = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("expected a JSON object or a list of them")
    return entries


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object of a body; an empty body stands for an empty object.

    :raises ValueError: anything else.
    """
    objects = await read_objects(request) if await request.body() else [{}]
    if not objects:
        raise ValueError("expected a JSON object")
    return objects[0]


def _answered_as_json(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Answer with what the handler returns, or 400 with the reason when the request makes no sense."""

    async def run(request: Request) -> Response:
        try:
            return _json(await handler(request))
        except KeyError as error:
            return _json({"error": f"missing or unknown: {error.args[0]}"}, 400)
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, 400)

    return run


def _json(value: Any, status: int = 200) -> Response:
    content = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return Response(content, status, media_type="application/json")
