"""A tiny real HTTP server that plays UIS as each test tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.local_server import LocalServer, SilentHandler

LIMITS = {
    "day_limit": 3000,
    "day_remaining": 2991,
    "day_reset": 40211,
    "minute_limit": 60,
    "minute_remaining": 59,
    "minute_reset": 41,
}


@dataclass
class Reply:
    """What the server says; ``body`` as bytes is sent as it is, otherwise it becomes the JSON-RPC answer.

    ``cut_at`` sends only so many bytes, although Content-Length promises all; ``silence`` sends nothing.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    silence: bool = False


def result(data: Any, total: int | None = None, limits: Any = None) -> Reply:
    metadata: dict[str, Any] = {"limits": LIMITS if limits is None else limits}
    if total is not None:
        metadata["total_items"] = total
    return Reply({"result": {"data": data, "metadata": metadata}})


def error(mnemonic: str, code: int = -32602, status: int = 200, **data: Any) -> Reply:
    message = data.pop("message", mnemonic)
    return Reply(
        {"error": {"code": code, "message": message, "data": {"mnemonic": mnemonic, **data}}}, status
    )


@dataclass
class Asked:
    """What the server was asked."""

    path: str
    headers: dict[str, str]
    document: dict[str, Any]

    @property
    def method(self) -> str:
        return str(self.document["method"])

    @property
    def params(self) -> dict[str, Any]:
        return dict(self.document["params"])


ACCOUNT = result([{"app_id": 100001, "name": "Компания", "timezone": "Europe/Moscow"}])
SESSION = result({"call_session_id": 700100300}, limits={})
HTML = Reply(b"<html>Bad Gateway</html>", 502)
SILENCE = Reply(silence=True)
INVALID = error("access_token_invalid", -32001)


def table(rows: list[dict[str, Any]], refuses_sort: bool = False) -> Callable[[Asked], Reply]:
    """Serve a list as UIS does, by limit, offset and sort."""

    def answer(asked: Asked) -> Reply:
        params = asked.params
        found = list(rows)
        for each in reversed(params.get("sort", [])):
            if refuses_sort:
                return error("sort_prohibited", field="sort.0.field", value=each["field"])
            found.sort(key=lambda row: row[each["field"]])
        return result(found[params["offset"] :][: params["limit"]], total=len(found))

    return answer


class FakeUis:
    """Answers with ``answer(asked)``; ``login.user`` with ``login_answer(asked)``."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.answer: Callable[[Asked], Reply] = lambda asked: result({})
        self.login_answer: Callable[[Asked], Reply] = self.next_key
        self.keys = 0
        self.connections = 0
        self.lock = threading.Lock()
        fake = self

        class Handler(SilentHandler):
            def setup(self) -> None:
                super().setup()
                fake.connections += 1

            def respond(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                document = json.loads(self.rfile.read(length))
                asked = Asked(self.path, dict(self.headers), document)
                with fake.lock:
                    fake.requests.append(asked)
                reply = (fake.login_answer if asked.method == "login.user" else fake.answer)(asked)
                if reply.silence:
                    self.close_connection = True
                    return
                body = reply.body
                if not isinstance(body, bytes):
                    body = json.dumps({"jsonrpc": "2.0", "id": document["id"], **body}).encode()
                self.send_response_only(reply.status)
                for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: reply.cut_at])
                if reply.cut_at is not None:
                    self.close_connection = True

        server = LocalServer(Handler)
        self.url, self.close = server.url, server.close

    def next_key(self, asked: Asked) -> Reply:
        self.keys += 1
        return result({"access_token": f"secret-session-{self.keys}", "expire_at": 4102444800})

    def in_turn(self, *replies: Reply) -> None:
        """Answer with these, then with the last one for ever."""
        left = list(replies)
        self.answer = lambda asked: left.pop(0) if len(left) > 1 else left[0]

    def asked(self, method: str | None = None) -> list[Asked]:
        """List the requests made, without logins."""
        return [
            each
            for each in self.requests
            if each.method != "login.user" and (method is None or each.method == method)
        ]

    def logins(self) -> list[Asked]:
        return [each for each in self.requests if each.method == "login.user"]
