"""A proxy to an emulated UIS account that empties one list."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.local_server import SilentHandler, local_server


@contextmanager
def emptied_uis(url: str, method: str) -> Iterator[str]:
    """Return the URL of an account like the one at ``url``, but with an empty list ``method``."""

    class Handler(SilentHandler):
        def respond(self) -> None:
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

    with local_server(Handler) as address:
        yield address
