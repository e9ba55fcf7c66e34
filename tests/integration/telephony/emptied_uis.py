"""A UIS that answers soundly, but without a single row: between the hook and the emulated account."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


@contextmanager
def emptied_uis(url: str, method: str) -> Iterator[str]:
    """Give the address of an account like the one at ``url`` whose list ``method`` is empty."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {"Content-Type": "application/json"}
            answer = requests.post(url + self.path, data=asked, headers=headers, timeout=10).json()
            if json.loads(asked)["method"] == method:
                answer["result"]["data"] = []
                answer["result"]["metadata"]["total_items"] = 0
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
