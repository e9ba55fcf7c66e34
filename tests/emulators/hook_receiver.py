"""Something that webhooks are sent to: takes them, or not, as a test says."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class HookReceiver:
    """An HTTP server that keeps every body; ``answer`` says with which status it answers."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda body: 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.bodies.append(body)
                status = receiver.answer(body)
                if status == 200:
                    receiver.taken.append(body)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/events"

    def wait_for(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        """Return what was taken, as soon as there are so many."""
        until = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.taken) >= count, f"{len(self.taken)} of {count} came"
        return self.taken

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
