"""Control routes under ``/_control``: faults, mutations, knobs, the log and the exact truth."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .account import Account
from .entities import table_named
from .mutations.visibility import what_is_hidden
from .rendering import Renderer
from .routes.integration import user_sign
from .selection import Selection
from .values import iso

Endpoint = Callable[[Request], Awaitable[Response]]


def control_routes(account: Account) -> list[Route]:
    """Return the routes. They need no login, are not limited and not logged."""
    control = _Control(account)
    return [
        Route("/_control/faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route("/_control/mutate", control.mutate, methods=["GET", "POST", "DELETE"]),
        Route("/_control/requests", control.requests, methods=["GET", "DELETE"]),
        Route("/_control/state", control.state, methods=["GET"]),
        Route("/_control/knobs", control.knobs, methods=["GET", "POST"]),
        Route("/_control/popups", control.popups, methods=["GET", "DELETE"]),
        Route("/_control/hooks", control.hooks, methods=["GET", "DELETE"]),
        Route("/_control/userSign", control.user_sign, methods=["GET"]),
        Route("/_control/tokens", control.tokens, methods=["GET"]),
        Route("/_control/reset", control.reset, methods=["POST"]),
        Route("/_control/clock", control.clock, methods=["GET", "POST"]),
    ]


class _Control:
    """Handlers of the control routes."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def faults(self, request: Request) -> Response:
        """Add faults, list them, or remove all."""
        faults = self._account.faults
        if request.method == "DELETE":
            faults.active.clear()
        elif request.method == "POST":
            try:
                faults.add(_as_list(await request.body()))
            except (TypeError, ValueError) as error:
                return _json({"error": str(error)}, 400)
        return _json([fault.describe() for fault in faults.active])

    async def mutate(self, request: Request) -> Response:
        """Run mutations in order; GET tells which attached ones have failed; DELETE forgets attached ones."""
        mutations = self._account.mutations
        if request.method == "DELETE":
            mutations.clear()
        if request.method != "POST":
            return _json({"failures": mutations.failures})
        try:
            return _json([mutations.run(spec) for spec in _as_list(await request.body())])
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, 400)

    async def requests(self, request: Request) -> Response:
        """Show the log of requests with the bodies of POSTs; DELETE clears it."""
        if request.method == "DELETE":
            self._account.log.clear()
        return _json([asdict(entry) for entry in self._account.log])

    async def state(self, request: Request) -> Response:
        """Show counts and what is hidden, or with ``?entity=deals`` full cards, nothing left out or shortened.

        Hidden: ``hiddenDeals`` and ``hiddenContractors`` (no rights), ``omitted`` (per entity: left out of lists
        only), ``lostRights`` (employees whose own card shows a loss of rights).
        ``ids``, ``fields`` (comma separated), ``offset`` and ``limit`` make the answer smaller.
        """
        store = self._account.store
        entity = request.query_params.get("entity")
        if entity is None:
            counts = {name: len(table) for name, table in store.tables.items()}
            dropped = sum(1 for row in store.contractors if row.data.get("isDropped"))
            positions = sum(len(getattr(row, "positions", ())) for row in store.deals)
            return _json(
                {
                    "counts": counts,
                    "positions": positions,
                    "droppedContractors": dropped,
                    **what_is_hidden(store),
                    "now": iso(store.clock.second()),
                    "user": str(store.user.id),
                }
            )
        try:
            table = table_named(store, entity)
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        params = request.query_params
        wanted = set(filter(None, params.get("ids", "").split(",")))
        names = list(filter(None, params.get("fields", "").split(",")))
        start, limit = int(params.get("offset", 0)), int(params.get("limit", len(table)))
        rows = [row for row in table if not wanted or str(row.id) in wanted][start : start + limit]
        context = self._account.context()
        if not names:
            return _json([Renderer(context, dedupe=False, sees_all=True).card(row) for row in rows])
        selection = Selection(dict.fromkeys(names), only=True)
        return _json([Renderer(context, dedupe=False, sees_all=True).item(row, selection) for row in rows])

    async def knobs(self, request: Request) -> Response:
        """All knobs; POST sets some."""
        knobs = self._account.knobs
        if request.method == "POST":
            try:
                for name, value in _as_list(await request.body())[0].items():
                    knobs.set(name, value)
            except (TypeError, ValueError) as error:
                return _json({"error": str(error)}, 400)
            if {"rps", "rph"} & set(_as_list(await request.body())[0]):
                self._account.rate_limit.reset()
        return _json(knobs.as_dict())

    async def tokens(self, request: Request) -> Response:
        """Show every token issued since the last reset, so that a test can look for them in logs."""
        return _json(self._account.tokens.issued)

    async def popups(self, request: Request) -> Response:
        """Show the widget's events by employee id, or with ``?employee=…`` those of one; DELETE clears them.

        What an event holds is described in ``popups.py``.
        """
        popups = self._account.store.popups
        if request.method == "DELETE":
            popups.clear()
        employee = request.query_params.get("employee")
        return _json(popups.events if employee is None else popups.events.get(employee, []))

    async def hooks(self, request: Request) -> Response:
        """Show how many events wait and the log of all, with their bodies; DELETE clears the log."""
        hooks = self._account.hooks
        if request.method == "DELETE":
            hooks.log.clear()
        return _json({"waiting": hooks.waiting, "log": [delivery.describe() for delivery in hooks.log]})

    async def user_sign(self, request: Request) -> Response:
        """Show the sign with which ``?employee=…`` opens an application's page.

        ``application`` is its uuid; default: the one that the account begins with.
        """
        store = self._account.store
        uuid = request.query_params.get("application", store.knobs.application_uuid)
        employee = request.query_params.get("employee", "")
        if store.find("Employee", employee) is None:
            return _json({"error": f"there is no employee {employee!r}"}, 400)
        return _json({"userSign": user_sign(store, employee, uuid), "applicationUuid": uuid})

    async def reset(self, request: Request) -> Response:
        """Begin anew, with another ``seed``, number of ``deals`` or ``contacts`` if the body has them."""
        body = await request.body()
        try:
            self._account.reset(**(_as_list(body)[0] if body else {}))
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, 400)
        return _json({name: len(table) for name, table in self._account.store.tables.items()})

    async def clock(self, request: Request) -> Response:
        """Show the account's time; POST ``{"advance":60}``, ``{"time":…}`` or ``{"frozen":true}``."""
        if request.method == "POST":
            spec: dict[str, Any] = _as_list(await request.body())[0]
            if "advance" in spec:
                self._account.mutations.run({"op": "advance_clock", "seconds": spec["advance"]})
            self._account.mutations.run({"op": "set_clock", **spec})
        return _json({"now": iso(self._account.store.clock.second())})


def _as_list(body: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects of a body.

    :raises ValueError: neither an object nor a list of objects.
    """
    parsed = orjson.loads(body)
    entries = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("expected a JSON object or a list of them")
    return entries


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
