"""Something that webhooks are sent to: takes them, or not, as a test says."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.local_server import LocalServer, SilentHandler


class HookReceiver:
    """An HTTP server that keeps every body; ``answer`` says with which status it answers."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda body: 200
        receiver = self

        class Handler(SilentHandler):
            # a connection for each event: a kept one would still reach this receiver after it has stopped
            protocol_version = "HTTP/1.0"

            def respond(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.bodies.append(body)
                status = receiver.answer(body)
                if status == 200:
                    receiver.taken.append(body)
                self.send_response(status)
                self.end_headers()

        server = LocalServer(Handler)
        self.url, self.stop = f"{server.url}/events", server.close

    def wait_for(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        """Return what was taken, as soon as there are so many."""
        until = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.taken) >= count, f"{len(self.taken)} of {count} came"
        return self.taken
