"""Control routes under ``/_control``: those of every emulator and those of this vendor.

=================  ====================================================================================
route              what it does
=================  ====================================================================================
``faults``         GET lists, POST adds (object or list), DELETE removes all. ``{"kind": …}`` with kind
                   rpc (``mnemonic``), 429, 500, 502, 503, empty, truncated, cut, html, slow, reset,
                   close, timeout, expire_sessions; which requests: ``api`` data | call, ``method``
                   (``get.employees``), ``path`` (beginning: ``/system/media``), ``nth``, ``count``,
                   ``probability``, ``seed``; ``processed``: it takes effect, only the answer is lost
``mutate``         POST runs operations in order, see :mod:`emulators.uis.mutations`
``calls``          GET all calls in full, ``?id=`` one; POST the same as ``mutate`` with ``play_call``
``notifications``  GET the configured ones; POST adds ``{url, event, method, template, content_type,
                   conditions, name, secret, active}``: ``event`` a mnemonic, a list or ``all``,
                   ``template`` ``default``, ``flat`` or a text with ``{{macro}}``; DELETE removes all
``deliveries``     GET the log of sent notifications with their bodies; DELETE clears it
``events``         GET every event that happened, sent to somebody or not; DELETE clears it
``interactive``    GET the log of interactive requests with answers; DELETE clears it
``requests``       GET the log of requests to the APIs and for files; DELETE clears it
``state``          GET counts; ``?entity=employees|deals|deal_history|contacts|numbers|scenarios|recordings``
``knobs``          GET all, POST sets some, see :mod:`emulators.uis.knobs`
``tokens``         GET every key that exists, so that a test can look for them in logs
``clock``          GET the time; POST ``{"advance": 60}``, ``{"time": "2026-01-15 10:00:00"}`` (account zone)
                   or a timestamp, ``{"frozen": true}``, ``{"speed": 10}``. Advancing lets everything due
                   happen, in order, and answers when its notifications have been delivered
``settle``         POST waits until all I/O under way has ended; ``?idle=1`` also until nothing is planned
``reset``          POST starts over, with another ``seed``, number of ``employees`` or, until the next, ``knobs``
=================  ====================================================================================
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ..kit.control import ControlRoutes, Handler, read_object, read_objects, shown_log
from .account import Account
from .truth import describe_call, describe_delivery, entity_rows


def control_routes(account: Account) -> list[Route]:
    """Return the routes."""
    return _Control(account).routes()


class _Control(ControlRoutes[Account]):
    """Handlers of the control routes."""

    def handlers(self) -> dict[str, tuple[str, Handler]]:
        """Return methods and handler of each route."""
        return {
            **super().handlers(),
            "mutate": ("POST", self.mutate),
            "calls": ("GET POST", self.calls),
            "notifications": ("GET POST DELETE", self.notifications),
            "deliveries": ("GET DELETE", self.deliveries),
            "events": ("GET DELETE", self.events),
            "interactive": ("GET DELETE", self.interactive),
            "state": ("GET", self.state),
            "tokens": ("GET", self.tokens),
            "clock": ("GET POST", self.clock),
            "settle": ("POST", self.settle),
            "reset": ("POST", self.reset),
        }

    def knob_was_set(self, name: str) -> None:
        """Forget the points used when a limit changes."""
        if name.endswith("_limit"):
            for limits in self._account.limits.values():
                limits.reset()

    async def mutate(self, request: Request) -> Any:
        """Run operations in order."""
        return await self._run(await read_objects(request))

    async def calls(self, request: Request) -> Any:
        """Show calls, or play one."""
        if request.method == "POST":
            return await self._run([{"op": "play_call", **spec} for spec in await read_objects(request)])
        self._account.catch_up()
        sessions = self._account.exchange.sessions
        if "id" in request.query_params:
            sessions = {key: sessions[key] for key in [int(request.query_params["id"])]}
        return [describe_call(self._account, session) for session in sessions.values()]

    async def _run(self, specs: list[dict[str, Any]]) -> Any:
        self._account.catch_up()
        if not specs:
            raise ValueError("expected an operation or a list of them")
        results = []
        for spec in specs:
            result = self._account.mutations.run(spec)
            results.append(await result if isinstance(result, Awaitable) else result)
        return results

    async def notifications(self, request: Request) -> Any:
        """Show, add or remove configured notifications."""
        notifier = self._account.notifier
        if request.method == "DELETE":
            notifier.configured.clear()
        elif request.method == "POST":
            for spec in await read_objects(request):
                notifier.configure(spec)
        shown = [
            {
                "id": n.id,
                "name": n.name,
                "event": n.event,
                "url": n.url,
                "method": n.method,
                "template": n.template,
            }
            for n in notifier.configured
        ]
        return shown

    async def deliveries(self, request: Request) -> Any:
        """Show or clear the log of deliveries."""
        return [describe_delivery(delivery) for delivery in shown_log(request, self._account.notifier.log)]

    async def events(self, request: Request) -> Any:
        """Show or clear what happened."""
        self._account.catch_up()
        return shown_log(request, self._account.notifier.events)

    async def interactive(self, request: Request) -> Any:
        """Show or clear the log of interactive requests."""
        return shown_log(request, self._account.interactive.log)

    async def state(self, request: Request) -> Any:
        """Show counts or full rows."""
        account = self._account
        account.catch_up()
        entity = request.query_params.get("entity")
        if entity is not None:
            return entity_rows(account, entity)
        counts = {
            "employees": len(account.directory.employees),
            "calls": len(account.exchange.sessions),
            "calls_alive": len(account.exchange.alive()),
            "recordings": len(account.exchange.recordings),
            "deals": len(account.deals.deals),
            "deals_in_processing": account.deals.in_processing(),
            "pending": account.timeline.pending,
        }
        return {
            "counts": counts,
            "now": account.wall.text(account.clock.now()),
            "brand": account.knobs.brand,
            "failures": account.timeline.failures,
        }

    async def tokens(self, request: Request) -> Any:
        """Show every key."""
        return list(self._account.tokens.known)

    async def clock(self, request: Request) -> Any:
        """Show or move the account's time."""
        account = self._account
        if request.method == "POST":
            spec = await read_object(request)
            if unknown := set(spec) - {"advance", "time", "frozen", "speed"}:
                raise ValueError(f"unknown keys of the clock: {', '.join(sorted(unknown))}")
            if "speed" in spec:
                account.clock.set_speed(float(spec["speed"]))
            if "frozen" in spec:
                account.clock.freeze(bool(spec["frozen"]))
            if "time" in spec:
                time = spec["time"]
                account.clock.set(time if isinstance(time, int | float) else account.wall.timestamp(time))
            if "advance" in spec:
                account.clock.advance(float(spec["advance"]))
            await account.timeline.drain(account.clock.now())
        now = account.clock.now()
        return {"now": account.wall.text(now), "timestamp": now, "frozen": account.clock.frozen}

    async def settle(self, request: Request) -> Any:
        """Wait for the I/O under way."""
        timeline = self._account.timeline
        await timeline.settle()
        while request.query_params.get("idle") and timeline.pending:
            await asyncio.sleep(0.01)
        return {"pending": timeline.pending}

    async def reset(self, request: Request) -> Any:
        """Start over."""
        self._account.reset(**await read_object(request))
        return {"employees": len(self._account.directory.employees)}
