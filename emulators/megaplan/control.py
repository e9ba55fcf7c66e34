"""Control routes of this vendor: mutations, events, popups and the exact truth."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ..kit.control import ControlRoutes, Handler, read_object, read_objects, shown_log
from .account import Account
from .data.entities import table_named
from .data.values import iso
from .mutations.visibility import what_is_hidden
from .reading.rendering import Renderer
from .reading.selection import Selection
from .routes.integration import user_sign


def control_routes(account: Account) -> list[Route]:
    """Return the routes."""
    return _Control(account).routes()


class _Control(ControlRoutes[Account]):
    """Handlers of the control routes."""

    def handlers(self) -> dict[str, tuple[str, Handler]]:
        """Return methods and handler of each route."""
        return {
            **super().handlers(),
            "mutate": ("GET POST DELETE", self.mutate),
            "state": ("GET", self.state),
            "popups": ("GET DELETE", self.popups),
            "hooks": ("GET DELETE", self.hooks),
            "userSign": ("GET", self.user_sign),
            "tokens": ("GET", self.tokens),
            "reset": ("POST", self.reset),
            "clock": ("GET POST", self.clock),
        }

    def knob_was_set(self, name: str) -> None:
        """Fill the request limit's buckets when their size changes."""
        if name in {"rps", "rph"}:
            self._account.rate_limit.reset()

    async def mutate(self, request: Request) -> Any:
        """Run mutations in order; GET shows which attached ones have failed; DELETE drops attached ones."""
        mutations = self._account.mutations
        if request.method == "DELETE":
            mutations.clear()
        if request.method != "POST":
            return {"failures": mutations.failures}
        return [mutations.run(spec) for spec in await read_objects(request)]

    async def state(self, request: Request) -> Any:
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
            return {
                "counts": counts,
                "positions": positions,
                "droppedContractors": dropped,
                **what_is_hidden(store),
                "now": iso(store.clock.second()),
                "user": str(store.user.id),
            }
        table = table_named(store, entity)
        params = request.query_params
        wanted = set(filter(None, params.get("ids", "").split(",")))
        names = list(filter(None, params.get("fields", "").split(",")))
        start, limit = int(params.get("offset", 0)), int(params.get("limit", len(table)))
        rows = [row for row in table if not wanted or str(row.id) in wanted][start : start + limit]
        context = self._account.context()
        if not names:
            return [Renderer(context, dedupe=False, sees_all=True).card(row) for row in rows]
        selection = Selection(dict.fromkeys(names), only=True)
        return [Renderer(context, dedupe=False, sees_all=True).item(row, selection) for row in rows]

    async def tokens(self, request: Request) -> Any:
        """Show every token issued since the last reset, so that a test can look for them in logs."""
        return self._account.tokens.issued

    async def popups(self, request: Request) -> Any:
        """Show the widget's events by employee id, or with ``?employee=…`` those of one; DELETE clears them.

        What an event holds is described in ``popups.py``.
        """
        popups = self._account.store.popups
        if request.method == "DELETE":
            popups.clear()
        employee = request.query_params.get("employee")
        return popups.events if employee is None else popups.events.get(employee, [])

    async def hooks(self, request: Request) -> Any:
        """Show how many events wait and the log of all, with their bodies; DELETE clears the log."""
        hooks = self._account.hooks
        log = [delivery.describe() for delivery in shown_log(request, hooks.log)]
        return {"waiting": hooks.waiting, "log": log}

    async def user_sign(self, request: Request) -> Any:
        """Show the ``userSign`` with which ``?employee=…`` opens an application's page.

        ``application`` is its uuid; default: the application that the account starts with.
        """
        store = self._account.store
        uuid = request.query_params.get("application", store.knobs.application_uuid)
        employee = request.query_params.get("employee", "")
        if store.find("Employee", employee) is None:
            raise ValueError(f"there is no employee {employee!r}")
        return {"userSign": user_sign(store, employee, uuid), "applicationUuid": uuid}

    async def reset(self, request: Request) -> Any:
        """Start over, with another ``seed``, number of ``deals`` or ``contacts`` if the body has them."""
        self._account.reset(**await read_object(request))
        return {name: len(table) for name, table in self._account.store.tables.items()}

    async def clock(self, request: Request) -> Any:
        """Show the account's time; POST ``{"advance":60}``, ``{"time":…}`` or ``{"frozen":true}``."""
        if request.method == "POST":
            spec = await read_object(request)
            if "advance" in spec:
                self._account.mutations.run({"op": "advance_clock", "seconds": spec["advance"]})
            self._account.mutations.run({"op": "set_clock", **spec})
        return {"now": iso(self._account.store.clock.second())}
