"""Serves a recorded archive."""

import json
import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..kit.connections import Connections
from ..kit.server import Server
from .archive import Archive, Exchange

_JSON = "application/json"


def replay_server(archive: Archive, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Return a server of both vendors' APIs; its clock goes on from the moment of the recording."""
    begun = time.time()

    def now() -> float:
        return archive.recorded_at.timestamp() + time.time() - begun

    async def answer(request: Request) -> Response:
        body = await request.body()
        found = archive.answer(request.method, request.url.path, request.url.query, body)
        return _unknown(request, body) if found is None else _recorded(found, body)

    def build(connections: Connections) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PUT", "DELETE"])])

    return Server(build, now, host, port)


def _recorded(found: Exchange, body: bytes) -> Response:
    headers = {name: value for name, value in found.headers.items() if name != "Date"}
    return Response(_with_id(found.body, body), found.status, headers)


def _with_id(answer: bytes, asked: bytes) -> bytes:
    """Return a JSON-RPC answer with the id of the request; anything else as it is."""
    try:
        sent, said = json.loads(asked), json.loads(answer)
    except ValueError:
        return answer
    if not (isinstance(sent, dict) and isinstance(said, dict) and "jsonrpc" in said):
        return answer
    return json.dumps({**said, "id": sent.get("id")}, ensure_ascii=False).encode()


def _unknown(request: Request, body: bytes) -> Response:
    """Answer what was not recorded: behind the last recorded page there is nothing."""
    if request.method == "GET" and "pageAfter" in request.url.query:
        end = {"meta": {"status": 200, "errors": [], "pagination": {"hasMoreNext": False}}, "data": []}
        return Response(json.dumps(end), 200, media_type=_JSON)
    if request.method == "POST" and b'"jsonrpc"' in body:
        end_of_list = {"data": [], "metadata": {"total_items": 0}}
        said = {"jsonrpc": "2.0", "id": json.loads(body).get("id"), "result": end_of_list}
        return Response(json.dumps(said), 200, media_type=_JSON)
    missing = {"meta": {"status": 404, "errors": [{"message": "This was not recorded"}]}, "data": None}
    return Response(json.dumps(missing), 404, media_type=_JSON)
