"""The ASGI application: the two APIs, the recordings and the control routes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..kit.answers import HTML, RawAnswer, send
from ..kit.connections import Connections
from .account import Account
from .brands import api_of
from .control import control_routes
from .faults import Fault
from .request_log import LoggedRequest
from .rpc.envelope import Reply

_ANY = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
_APIS = {"/v2.0": "data", "/v4.0": "call"}


def build_app(account: Account, connections: Connections) -> Starlette:
    """Return the application of an account."""
    endpoint = _Endpoint(account, connections)
    file_paths = ["/system/media/{kind:str}/{session:int}/{id:str}/", "/{session:int}/{id:str}"]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        pump = asyncio.create_task(_pump(account))
        yield
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await pump
        account.timeline.cancel()

    routes = [
        *control_routes(account),
        *[Route(path, endpoint.file, methods=["GET", "HEAD"]) for path in file_paths],
        Route("/{path:path}", endpoint.handle, methods=_ANY),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _pump(account: Account) -> None:
    """Run what is due, while no request does."""
    while True:
        timeline = account.timeline
        account.catch_up()
        timeline.changed.clear()
        due = timeline.next_due()
        wait = 0.2
        if due is not None and not account.clock.frozen:
            wait = min(wait, max(0.0, (due - account.clock.now()) / account.clock.speed))
        with suppress(TimeoutError):
            await asyncio.wait_for(timeline.changed.wait(), max(wait, 0.002))


class _Endpoint:
    """Takes a request through faults to its answer."""

    def __init__(self, account: Account, connections: Connections) -> None:
        self._account = account
        self._connections = connections

    async def handle(self, request: Request) -> Response:
        """Answer any request that is not for a file or a control route."""
        started = time.perf_counter()
        body = await request.body()
        path, host = request.scope["path"].rstrip("/"), request.headers.get("host", "")
        api = _APIS.get(path, "")
        if api_of(host) not in {None, api}:
            api = ""
        if not api:
            raw, reply = RawAnswer(404, b"Not Found", HTML), Reply({})
        elif request.method != "POST":
            raw, reply = RawAnswer(405, b"Method Not Allowed", HTML, {"Allow": "POST"}), Reply({})
        else:
            return await self._rpc(request, api, body, host, started)
        self._log(request, "", reply, raw, started, None)
        return await send(raw, request, self._connections)

    async def file(self, request: Request) -> Response:
        """Answer a request for a recording."""
        started = time.perf_counter()
        self._account.catch_up()
        params = request.path_params
        kind = params.get("kind", "talk")
        fault = self._account.faults.pick(request.scope["path"], "")
        raw = self._account.files.answer(kind, params["session"], params["id"])
        if fault is not None:
            raw = fault.spoil(raw if fault.needs_answer else None)
        self._log(request, "", Reply({}), raw, started, None if fault is None else fault.kind)
        return await send(raw, request, self._connections)

    async def _rpc(self, request: Request, api: str, body: bytes, host: str, started: float) -> Response:
        account = self._account
        account.catch_up()
        ip = str(request.scope["client"][0])
        asked = _peek(body)
        fault = account.faults.pick(request.scope["path"], str(asked.get("method", "")), api)
        if fault is not None and fault.kind == "expire_sessions":
            account.tokens.end_sessions()
        if fault is not None and not fault.needs_answer:
            reply = Reply({}, method=str(asked.get("method", "")))
            raw = fault.spoil(None, asked.get("id"))
        else:
            reply = account.apis[api].answer(body, ip, host)
            status = account.knobs.error_http_status if reply.mnemonic else 200
            raw = RawAnswer(status, orjson.dumps(reply.body), Fault.CONTENT_TYPE)
            if fault is not None:
                raw = fault.spoil(raw, reply.id)
        self._log(request, api, reply, raw, started, None if fault is None else fault.kind)
        return await send(raw, request, self._connections)

    def _log(
        self, request: Request, api: str, reply: Reply, raw: RawAnswer, started: float, fault: str | None
    ) -> None:
        data = reply.body.get("result", {}).get("data")
        entry = LoggedRequest(
            request.method,
            request.scope["path"],
            api,
            reply.method,
            reply.params,
            raw.status,
            reply.mnemonic,
            self._account.clock.now(),
            round((time.perf_counter() - started) * 1000, 3),
            len(raw.body),
            str(request.scope["client"][0]),
            reply.token,
            fault,
            reply.points,
            data.get("call_session_id") if isinstance(data, dict) else None,
        )
        self._account.log.append(entry)


def _peek(body: bytes) -> dict[str, Any]:
    """Return the request as far as it can be read, for faults that look at its method."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
