"""The ASGI application: the API, the control routes and the web page."""

import gzip
import time
from dataclasses import replace
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..kit.answers import HTML, RawAnswer, send
from ..kit.connections import Connections
from .account import Account
from .control import control_routes
from .data.values import iso
from .errors import encrypted_trace
from .faults import API, Fault
from .pages.crm import page_routes
from .pages.people import people_routes
from .pages.telephony import telephony_routes
from .request_log import LoggedRequest
from .routes.bulk import bulk_size

_ANY = ["GET", "POST", "PUT", "DELETE", "PATCH"]
_STUB = b"#%RAML 1.0\ntitle: Megaplan API v3 (emulator)\nversion: r2510.27309.181\nbaseUri: http://demo.megaplan.ru/api/v3\n"


def build_app(account: Account, connections: Connections) -> Starlette:
    """Return the application of an account."""
    endpoint = _Endpoint(account, connections)
    routes = [
        *control_routes(account),
        *page_routes(account),
        *people_routes(account),
        *telephony_routes(account),
        Route("/api/v3", endpoint.stub, methods=["GET"]),
        Route("/api/v3/docs", endpoint.stub, methods=["GET"]),
        Route("/{path:path}", endpoint.handle, methods=_ANY),
    ]
    return Starlette(routes=routes)


class _Endpoint:
    """Takes a request through faults, rate limit and login to its answer."""

    def __init__(self, account: Account, connections: Connections) -> None:
        self._account = account
        self._connections = connections

    async def stub(self, request: Request) -> Response:
        """Answer the specification's address."""
        return Response(_STUB, media_type="application/raml+yaml")

    async def handle(self, request: Request) -> Response:
        """Answer any request that is not for the control routes or the page."""
        started = time.perf_counter()
        body = await request.body()
        path = request.scope["path"].removeprefix(API)
        fault = self._account.faults.pick(path, request.method)
        if fault is not None and fault.expire_tokens:
            self._account.tokens.expire_all()
        args: Any = {}
        calls = 1
        if self._is_too_long(request):
            raw, args, fault = _too_long(self._account.knobs.long_request_line), _logged_query(request), None
        elif fault is not None and not fault.needs_answer:
            raw = fault.spoil(None)
            args = _logged_query(request)
        else:
            raw, args, calls = await self._process(request, path, body)
            if fault is not None:
                raw = fault.spoil(raw)
        sent = _parse(body) if request.method == "POST" and path != "/auth/access_token" else None
        self._log(request, path, args, raw, started, fault, calls, None if sent is _BROKEN else sent)
        self._account.mutations.after(request.method, path)
        return await send(self._compressed(request, raw), request, self._connections)

    def _is_too_long(self, request: Request) -> bool:
        most = self._account.knobs.request_line_bytes
        scope = request.scope
        line = f"{request.method} {scope['raw_path'].decode('latin-1')}?{scope['query_string'].decode('latin-1')}"
        return bool(most) and len(line) + len(" HTTP/1.1\r\n") > most

    async def _process(self, request: Request, path: str, body: bytes) -> tuple[RawAnswer, Any, int]:
        parsed = _parse(body) if path != "/auth/access_token" else None
        calls = bulk_size(path, parsed) if self._account.knobs.bulk_counts == "each" else 1
        wait = self._account.rate_limit.take(calls)
        if wait is not None:
            retry_after = self._account.rate_limit.retry_after(wait)
            headers = {} if retry_after is None else {"Retry-After": retry_after}
            return RawAnswer(429, b"", HTML, headers), _logged_query(request), calls
        if path == "/auth/access_token" and request.method == "POST":
            return await self._grant(request, body), {}, 1
        if not request.scope["path"].startswith(API):
            return _json(404, _refusal(404, "No route found")), {}, 1
        if parsed is _BROKEN:
            return _json(400, _refusal(400, "Request body is not valid JSON")), {}, 1
        status, answer, args = self._account.answer(
            request.method,
            path,
            request.scope["query_string"].decode("latin-1"),
            parsed,
            _bearer(request),
            request.headers.get("x-user-id"),
        )
        return _json(status, answer), args, calls

    async def _grant(self, request: Request, body: bytes) -> RawAnswer:
        if request.headers.get("content-type", "").startswith("application/json"):
            parsed = _parse(body) if self._account.knobs.accept_json_token else None
            form = parsed if isinstance(parsed, dict) else {}
        else:
            is_multipart = request.headers.get("content-type", "").startswith("multipart/")
            knobs = self._account.knobs
            is_read = knobs.accept_multipart_token if is_multipart else knobs.accept_form_token
            sent = await request.form() if is_read else {}
            form = {name: str(value) for name, value in sent.items()}
        status, answer = self._account.tokens.grant(form)
        return _json(status, answer)

    def _log(
        self,
        request: Request,
        path: str,
        args: Any,
        raw: RawAnswer,
        started: float,
        fault: Fault | None,
        calls: int,
        sent: Any,
    ) -> None:
        user = str(self._account.store.user.id) if raw.status != 401 else None
        entry = LoggedRequest(
            request.method,
            API + path,
            _without_secrets(args),
            raw.status,
            iso(self._account.store.clock.second()),
            round((time.perf_counter() - started) * 1000, 3),
            len(raw.body),
            user,
            None if fault is None else fault.kind,
            calls,
            sent,
        )
        self._account.log.append(entry)

    def _compressed(self, request: Request, raw: RawAnswer) -> RawAnswer:
        accepted = request.headers.get("accept-encoding", "")
        if not self._account.knobs.gzip or len(raw.body) <= 500 or "gzip" not in accepted:
            return raw
        body = gzip.compress(raw.body, compresslevel=1)
        return replace(raw, body=body, headers={**raw.headers, "Content-Encoding": "gzip"})


class _Broken:
    """Marks a body that is not JSON."""


_BROKEN = _Broken()


def _parse(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _BROKEN


def _too_long(status: str) -> RawAnswer:
    title = {
        "414": "414 Request-URI Too Large",
        "431": "431 Request Header Fields Too Large",
        "400": "400 Request Header Or Cookie Too Large",
        "403": "403 Forbidden",
        "404": "404 Not Found",
    }[status]
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>nginx</body></html>"
    return RawAnswer(int(status), page.encode(), HTML)


def _json(status: int, answer: dict[str, Any]) -> RawAnswer:
    return RawAnswer(status, orjson.dumps(answer), Fault.CONTENT_TYPE)


def _refusal(status: int, message: str) -> dict[str, Any]:
    error = {"field": None, "message": message, "type": "HttpException", "trace": [encrypted_trace(1_000)]}
    return {"meta": {"status": status, "errors": [error]}, "data": {}}


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def _logged_query(request: Request) -> Any:
    return {"raw": request.scope["query_string"].decode("latin-1")}


def _without_secrets(args: Any) -> Any:
    return {**args, "access_token": "…"} if isinstance(args, dict) and "access_token" in args else args
