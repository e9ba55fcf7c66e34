"""Control routes under ``/_control``. They need no key, cost no points and are not logged.

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
``reset``          POST begins anew, with another ``seed``, number of ``employees`` or, for this life, ``knobs``
=================  ====================================================================================
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .account import Account
from .truth import describe_call, describe_delivery, entity_rows

Endpoint = Callable[[Request], Awaitable[Response]]


def control_routes(account: Account) -> list[Route]:
    """Return the routes."""
    control = _Control(account)
    methods = {
        "faults": "GET POST DELETE",
        "mutate": "POST",
        "calls": "GET POST",
        "notifications": "GET POST DELETE",
        "deliveries": "GET DELETE",
        "events": "GET DELETE",
        "interactive": "GET DELETE",
        "requests": "GET DELETE",
        "state": "GET",
        "knobs": "GET POST",
        "tokens": "GET",
        "clock": "GET POST",
        "settle": "POST",
        "reset": "POST",
    }
    return [
        Route(f"/_control/{name}", _guarded(getattr(control, name)), methods=allowed.split())
        for name, allowed in methods.items()
    ]


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Answer 400 with the reason when a request makes no sense."""

    async def run(request: Request) -> Response:
        try:
            return await endpoint(request)
        except KeyError as error:
            return _json({"error": f"missing or unknown: {error.args[0]}"}, 400)
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, 400)

    return run


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
            faults.add(_as_list(await request.body()))
        return _json([fault.describe() for fault in faults.active])

    async def mutate(self, request: Request) -> Response:
        """Run operations in order."""
        return await self._run(_as_list(await request.body()))

    async def calls(self, request: Request) -> Response:
        """Show calls, or play one."""
        if request.method == "POST":
            return await self._run([{"op": "play_call", **spec} for spec in _as_list(await request.body())])
        self._account.catch_up()
        sessions = self._account.exchange.sessions
        if "id" in request.query_params:
            sessions = {key: sessions[key] for key in [int(request.query_params["id"])]}
        return _json([describe_call(self._account, session) for session in sessions.values()])

    async def _run(self, specs: list[dict[str, Any]]) -> Response:
        self._account.catch_up()
        results = []
        for spec in specs:
            result = self._account.mutations.run(spec)
            results.append(await result if isinstance(result, Awaitable) else result)
        return _json(results)

    async def notifications(self, request: Request) -> Response:
        """Show, add or remove configured notifications."""
        notifier = self._account.notifier
        if request.method == "DELETE":
            notifier.configured.clear()
        elif request.method == "POST":
            for spec in _as_list(await request.body()):
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
        return _json(shown)

    async def deliveries(self, request: Request) -> Response:
        """Show or clear the log of deliveries."""
        log = self._account.notifier.log
        if request.method == "DELETE":
            log.clear()
        return _json([describe_delivery(delivery) for delivery in log])

    async def events(self, request: Request) -> Response:
        """Show or clear what happened."""
        self._account.catch_up()
        return self._log(request, self._account.notifier.events)

    async def interactive(self, request: Request) -> Response:
        """Show or clear the log of interactive requests."""
        return self._log(request, self._account.interactive.log)

    async def requests(self, request: Request) -> Response:
        """Show or clear the log of requests."""
        if request.method == "DELETE":
            self._account.log.clear()
        return _json([asdict(entry) for entry in self._account.log])

    def _log(self, request: Request, entries: list[dict[str, Any]]) -> Response:
        if request.method == "DELETE":
            entries.clear()
        return _json(entries)

    async def state(self, request: Request) -> Response:
        """Show counts or full rows."""
        account = self._account
        account.catch_up()
        entity = request.query_params.get("entity")
        if entity is not None:
            return _json(entity_rows(account, entity))
        counts = {
            "employees": len(account.directory.employees),
            "calls": len(account.exchange.sessions),
            "calls_alive": len(account.exchange.alive()),
            "recordings": len(account.exchange.recordings),
            "deals": len(account.deals.deals),
            "deals_in_processing": account.deals.in_processing(),
            "pending": account.line.pending,
        }
        return _json(
            {
                "counts": counts,
                "now": account.wall.text(account.clock.now()),
                "brand": account.knobs.brand,
                "failures": account.line.failures,
            }
        )

    async def knobs(self, request: Request) -> Response:
        """All knobs; POST sets some."""
        knobs = self._account.knobs
        if request.method == "POST":
            for name, value in _as_list(await request.body())[0].items():
                knobs.set(name, value)
                if name.endswith("_limit"):
                    for limits in self._account.limits.values():
                        limits.reset()
        return _json(knobs.as_dict())

    async def tokens(self, request: Request) -> Response:
        """Show every key."""
        return _json(list(self._account.tokens.known))

    async def clock(self, request: Request) -> Response:
        """Show or move the account's time."""
        account = self._account
        if request.method == "POST":
            spec: dict[str, Any] = _as_list(await request.body())[0]
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
            await account.line.drain(account.clock.now())
        now = account.clock.now()
        return _json({"now": account.wall.text(now), "timestamp": now, "frozen": account.clock.frozen})

    async def settle(self, request: Request) -> Response:
        """Wait for the I/O under way."""
        line = self._account.line
        await line.settle()
        while request.query_params.get("idle") and line.pending:
            await asyncio.sleep(0.01)
        return _json({"pending": line.pending})

    async def reset(self, request: Request) -> Response:
        """Begin anew."""
        body = await request.body()
        self._account.reset(**(_as_list(body)[0] if body else {}))
        return _json({"employees": len(self._account.directory.employees)})


def _as_list(body: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects of a body.

    :raises ValueError: neither an object nor a list of objects.
    """
    parsed = orjson.loads(body)
    entries = parsed if isinstance(parsed, list) else [parsed]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("expected a JSON object or a list of them")
    return entries


def _json(value: Any, status: int = 200) -> Response:
    return Response(
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), status, media_type="application/json"
    )
