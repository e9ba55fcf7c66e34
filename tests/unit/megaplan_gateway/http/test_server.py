"""The addresses the gateway binds to."""

import resource
import threading
import time
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from megaplan_gateway.http.server import MAX_CONNECTIONS, OTHER_FILES, Server


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


@pytest.mark.parametrize(
    ("limits", "connections", "raised_to"),
    [
        ((1024, 4096), MAX_CONNECTIONS, MAX_CONNECTIONS + OTHER_FILES),
        ((1024, resource.RLIM_INFINITY), MAX_CONNECTIONS, MAX_CONNECTIONS + OTHER_FILES),
        ((1024, 1024), 1024 - OTHER_FILES, 1024),
        ((512, 1024), 1024 - OTHER_FILES, 1024),
        ((65536, 65536), MAX_CONNECTIONS, None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), MAX_CONNECTIONS, None),
    ],
)
def test_connections_leave_files_for_postgres_and_the_vendors(
    limits: tuple[int, int], connections: int, raised_to: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[int] = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda which, values: raised.append(values[0]))
    assert Server(Starlette()).max_connections == connections
    assert raised == ([] if raised_to is None else [raised_to])
