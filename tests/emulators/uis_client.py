"""A client that speaks to the UIS emulator in the simplest possible way, and a receiver for what it sends."""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.local_server import LocalServer, SilentHandler

TOKEN = "uis-demo-token"
BEGIN, END = "2026-01-01 00:00:00", "2026-03-01 00:00:00"


class Client:
    """Sends JSON-RPC requests and control requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = TOKEN
        self.session = requests.Session()

    def raw(self, body: bytes | str, path: str = "/v2.0", **options: Any) -> dict[str, Any]:
        """POST any bytes."""
        answer = self.session.post(self.url + path, data=body, timeout=120, **options)
        parsed: dict[str, Any] = answer.json()
        return parsed

    def rpc(self, method: str, path: str = "/v2.0", **params: Any) -> dict[str, Any]:
        """Call a method; returns the whole envelope."""
        body = {"jsonrpc": "2.0", "id": "t-1", "method": method, "params": self._with_token(params)}
        return self.raw(json.dumps(body), path)

    def data(self, method: str, **params: Any) -> Any:
        """Call a method of the Data API that must succeed; returns ``data``."""
        return self._sound(self.rpc(method, **params))["data"]

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of the Call API that must succeed; returns ``data``."""
        return self._sound(self.rpc(method, "/v4.0", **params))["data"]

    def error(self, method: str, path: str = "/v2.0", **params: Any) -> tuple[str, str | None]:
        """Call a method that must be refused; returns mnemonic and field."""
        answer = self.rpc(method, path, **params)
        assert "error" in answer, answer
        return answer["error"]["data"]["mnemonic"], answer["error"]["data"]["field"]

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Use a control route."""
        answer = requests.request(method, f"{self.url}/_control/{path}", json=body, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def mutate(self, op: str, **spec: Any) -> dict[str, Any]:
        """Run one operation."""
        result: dict[str, Any] = self.control("mutate", {"op": op, **spec})[0]
        return result

    def play(self, kind: str, **spec: Any) -> dict[str, Any]:
        """Play a call wholly; returns the truth about it."""
        spec = {"time": "virtual", **spec}
        return self.truth(self.mutate("play_call", kind=kind, **spec)["id"])

    def truth(self, id: int) -> dict[str, Any]:
        """Return everything about a call."""
        found: dict[str, Any] = self.control(f"calls?id={id}", method="GET")[0]
        return found

    def events(self) -> list[str]:
        """Return the events that have happened, in order."""
        return [event["event"] for event in self.control("events", method="GET")]

    def advance(self, seconds: float) -> None:
        """Let the account's time pass."""
        self.control("clock", {"advance": seconds})

    def report(self, **params: Any) -> list[dict[str, Any]]:
        """Return ``get.calls_report`` around the frozen time."""
        rows: list[dict[str, Any]] = self.data("get.calls_report", date_from=BEGIN, date_till=END, **params)
        return rows

    def _with_token(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"access_token": self.token, **params} if "login" not in params else params

    def _sound(self, answer: dict[str, Any]) -> dict[str, Any]:
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result


@dataclass
class Received:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    raw_query: str
    headers: dict[str, str]
    body: str
    at: float

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


class Receiver:
    """An HTTP server that keeps what it gets and answers what it is told to."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status = 200
        self.answer: Any = {}
        self.delay = 0.0
        receiver = self

        class Handler(SilentHandler):
            def respond(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                parts = urlsplit(self.path)
                receiver.received.append(
                    Received(
                        self.command,
                        parts.path,
                        parse_qs(parts.query),
                        parts.query,
                        dict(self.headers),
                        body,
                        time.monotonic(),
                    )
                )
                time.sleep(receiver.delay)
                answer = receiver.answer
                content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        server = LocalServer(Handler)
        self.url, self.close = server.url, server.close

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the bodies of an event, of templates that name it."""
        return [body for body in self.bodies() if body["notification_mnemonic"] == event]

    def bodies(self) -> list[Any]:
        """Return all bodies as JSON."""
        return [request.json() for request in self.received]
