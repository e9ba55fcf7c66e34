"""The TLS proxy of the profile celery passes on what is meant for the gateway, and survives the end of one."""

import os
import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from demo.airflow_home import REPOSITORY
from demo.processes import free_port, running

from .waiting import until

REMEDY = "No Caddy. `make programs` installs it as root on Debian; elsewhere install the package caddy."


class _Gateway(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.end_headers()
        with suppress(BrokenPipeError):  # Caddy has read enough
            self.wfile.write(str(self.server.server_address[1]).encode())

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering() -> Iterator[ThreadingHTTPServer]:
    """Run a server that answers everything with its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def both() -> Iterator[tuple[ThreadingHTTPServer, ThreadingHTTPServer]]:
    with answering() as first, answering() as second:
        yield first, second


@pytest.fixture
def proxy(both: tuple[ThreadingHTTPServer, ThreadingHTTPServer], tmp_path: Path) -> Iterator[httpx.Client]:
    """A client that trusts the proxy's own certificate authority, as nobody but the test does."""
    program = shutil.which("caddy")
    assert program, REMEDY
    port = free_port(0)
    text = (REPOSITORY / "deploy" / "caddy" / "Caddyfile").read_text()
    # no port 80, no administration, and no certificate written to the machine's store
    options = f"{{\n\tadmin off\n\thttp_port {free_port(0)}\n\thttps_port {port}\n\tskip_install_trust\n}}\n"
    (tmp_path / "Caddyfile").write_text(options + text)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "GATEWAY_HOST": "localhost",
        "BUFFERING": "buffer_requests",  # Debian's Caddy is 2.6.2
        "GATEWAYS": " ".join(f"127.0.0.1:{server.server_address[1]}" for server in both),
    }
    command = [program, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
    authority = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    with running("caddy", command, tmp_path / "caddy.log", environment) as caddy:
        until(lambda: caddy.ensure_running() or authority.exists(), 60)
        with httpx.Client(
            base_url=f"https://localhost:{port}",
            verify=ssl.create_default_context(cafile=authority),
            trust_env=False,
            timeout=30,
        ) as client:
            until(lambda: _answers(client), 60)
            yield client


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/account/secret/uis").status_code == 200
    except httpx.HTTPError:
        return False


def test_only_what_is_meant_for_the_gateway_is_passed_on_and_either_gateway_suffices(
    proxy: httpx.Client, both: tuple[ThreadingHTTPServer, ThreadingHTTPServer]
) -> None:
    for path in (
        "/metrics",
        "/ready",
        "/health",
        "/",
        "/account/secret",
        "/account/secret/other",
        "/a/b/uis/more",
    ):
        assert proxy.get(path).status_code == 404, path
    paths = (
        "uis",
        "route",
        "megaplan",
        "widget/state",
        "widget/call",
        "widget/hang-up",
        "widget/do-not-disturb",
    )
    for path in paths:
        assert proxy.post(f"/host:8080/secret/{path}", content=b"{}").status_code == 200, path
    assert proxy.get("/xn--80aswg.example/secret/route?numa=79990000000").status_code == 200
    assert proxy.get("/%D0%BC%D0%B5%D0%B3%D0%B0/secret/uis").status_code == 200
    first, second = both
    first.shutdown()
    first.server_close()
    answers = {proxy.post("/account/secret/uis", content=b"{}").text for _ in range(6)}
    assert answers == {str(second.server_address[1])}
