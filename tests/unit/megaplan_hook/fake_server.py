"""A tiny real HTTP server that plays Megaplan as each test tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.local_server import LocalServer, SilentHandler

RESPONSES = Path(__file__).parents[2] / "responses"
DATE = "Mon, 21 Sep 2026 09:15:00 GMT"


@dataclass
class Reply:
    """What the server says: a body (bytes as they are, anything else as JSON), a status, headers.

    ``cut_at`` sends only so many bytes of the body, although Content-Length promises all.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None


@dataclass
class Request:
    """What the server was asked."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def arguments(self) -> dict[str, Any]:
        return json.loads(unquote(self.query)) if self.query else {}


def recorded(name: str, **replacements: Any) -> dict[str, Any]:
    """Load an answer from tests/responses/."""
    answer: dict[str, Any] = json.loads((RESPONSES / name).read_text(encoding="utf-8"))
    return {**answer, **replacements}


def envelope(data: Any, status: int = 200, errors: Any = (), pagination: Any = ()) -> dict[str, Any]:
    meta = {"status": status, "errors": list(errors), "pagination": pagination or []}
    return {"meta": meta, "data": data}


USER = Reply(recorded("current_user.json"))
HTML = Reply(b"<html>Bad Gateway</html>", 502)
LIMITED = Reply(b"", 429)
CUT = Reply(recorded("current_user.json"), cut_at=40)


class FakeMegaplan:
    """Answers with ``answer(request)``; its token endpoint with ``token_answer(request)``."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Reply] = lambda request: Reply(envelope({}))
        self.token_answer: Callable[[Request], Reply] = self.next_token
        self.tokens = 0
        self.lock = threading.Lock()
        fake = self

        class Handler(SilentHandler):
            def respond(self) -> None:
                path, _, query = self.path.partition("?")
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(self.command, path, query, dict(self.headers), self.rfile.read(length))
                with fake.lock:
                    fake.requests.append(request)
                is_token = path == "/api/v3/auth/access_token"
                reply = (fake.token_answer if is_token else fake.answer)(request)
                body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response_only(reply.status)
                for name, value in {"Date": DATE, "Content-Length": str(len(body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: reply.cut_at])
                if reply.cut_at is not None:
                    self.close_connection = True

        server = LocalServer(Handler)
        self.port, self.url, self.close = server.port, server.url, server.close

    def next_token(self, request: Request) -> Reply:
        self.tokens += 1
        return Reply(
            recorded(
                "token.json",
                access_token=f"secret-access-{self.tokens}",
                refresh_token=f"secret-refresh-{self.tokens}",
            )
        )

    def in_turn(self, *replies: Reply) -> None:
        """Answer with these, then with the last one for ever."""
        left = list(replies)
        self.answer = lambda request: left.pop(0) if len(left) > 1 else left[0]

    def asked(self, prefix: str = "/api/v3/") -> list[Request]:
        """List the requests made, without those for tokens."""
        return [
            r for r in self.requests if r.path.startswith(prefix) and not r.path.endswith("/access_token")
        ]

    def token_requests(self) -> list[Request]:
        return [r for r in self.requests if r.path.endswith("/auth/access_token")]
