"""The addresses the gateway binds to."""

import threading
import time
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from megaplan_gateway.http.server import Server


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:"), ("::", "http://[::]:")]
)
def test_it_listens_on_ipv4_and_ipv6_addresses(host: str, url: str) -> None:
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("here"))])
    server = Server(app, host)
    assert server.url.startswith(url)
    port = server.url.rsplit(":", 1)[1]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.has_started:
            time.sleep(0.01)
        reachable = ["127.0.0.1", "[::1]"] if host == "::" else [f"[{host}]" if ":" in host else host]
        for address in reachable:
            with urllib.request.urlopen(f"http://{address}:{port}/", timeout=5) as answer:
                assert answer.read() == b"here"
    finally:
        server.stop()
        thread.join(timeout=10)
