"""The session and the adapter that both clients send with, over real HTTP."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from megaplan_vendor_kit import transport
from megaplan_vendor_kit.exceptions import VendorTransportError
from megaplan_vendor_kit.transport import VendorAdapter, VendorSession
from tests.local_server import LocalServer, SilentHandler


@dataclass
class Settings:
    verify: bool | str = True
    proxies: dict[str, str] = field(default_factory=dict)
    connect_timeout_seconds: float = 2
    read_timeout_seconds: float = 2


class Server:
    """Answers by path; keeps what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.hurry = threading.Event()
        server = self

        class Handler(SilentHandler):
            def respond(self) -> None:
                server.seen.append((self.path, dict(self.headers)))
                kind = self.path.partition("?")[0].strip("/")
                if kind == "silence":
                    server.hurry.wait(5)
                if kind in ("silence", "hang-up"):
                    self.close_connection = True
                    return
                body, extra = b"x" * 1000, {}
                if kind == "redirect":
                    extra = {"Location": "/elsewhere"}
                if kind == "bomb":
                    body, extra = gzip.compress(b"0" * 1_000_000), {"Content-Encoding": "gzip"}
                self.send_response_only(302 if kind == "redirect" else 200)
                for name, value in {"Content-Length": str(len(body)), **extra}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[:10] if kind == "cut" else body)
                self.close_connection = kind == "cut"

        self._server = LocalServer(Handler)
        self.url, self.port = self._server.url, self._server.port

    def close(self) -> None:
        self.hurry.set()
        self._server.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def failed(request: requests.PreparedRequest, what: str, maybe_accepted: bool) -> VendorTransportError:
    return VendorTransportError(f"{request.method}: {what}", maybe_accepted=maybe_accepted)


def session(**settings: object) -> VendorSession:
    return VendorSession(Settings(**settings), VendorAdapter(failed))  # type: ignore[arg-type]


def failure(url: str, **settings: object) -> VendorTransportError:
    with session(**settings) as vendor, pytest.raises(VendorTransportError) as caught:
        vendor.get(url, params={"phone": "79001234567"})
    assert caught.value.__suppress_context__
    assert "7900" not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_a_request_says_who_asks(server: Server) -> None:
    with session() as vendor:
        assert len(vendor.get(server.url).content) == 1000
    assert server.seen[0][1]["User-Agent"].startswith("airflow-provider-megaplan/0.")


def test_requests_are_counted_and_asked_for_beforehand(server: Server) -> None:
    order: list[str] = []
    adapter = VendorAdapter(failed, before_send=lambda: order.append(f"before {len(server.seen)}"))
    with VendorSession(Settings(), adapter) as vendor:
        for _ in range(3):
            vendor.get(server.url)
    assert order == ["before 0", "before 1", "before 2"]
    assert adapter.requests_sent == 3


def test_a_redirect_is_not_followed_even_if_asked_to(server: Server) -> None:
    with session() as vendor:
        assert vendor.get(f"{server.url}/redirect", allow_redirects=True).status_code == 302
    assert [path for path, _ in server.seen] == ["/redirect"]


def test_no_password_of_another_program_is_sent(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with session() as vendor:
        vendor.get(server.url)
    assert "Authorization" not in server.seen[0][1]


def test_nobody_is_waited_for_for_ever(server: Server) -> None:
    began = time.monotonic()
    error = failure(f"{server.url}/silence", read_timeout_seconds=0.2)
    assert time.monotonic() - began < 2
    assert (str(error), error.maybe_accepted) == ("GET: no answer in time", True)


@pytest.mark.parametrize("kind", ["", "bomb"])
def test_an_endless_answer_is_not_read_to_its_end(
    kind: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MOST_RESPONSE_BYTES", 999)
    error = failure(f"{server.url}/{kind}")
    assert str(error) == "GET: the answer is larger than 999 bytes"
    assert error.tries_exhausted
    monkeypatch.setattr(transport, "MOST_RESPONSE_BYTES", 1_000_000)
    with session() as vendor:
        assert len(vendor.get(f"{server.url}/{kind}").content) in (1000, 1_000_000)


@pytest.mark.parametrize(
    ("path", "told"),
    [("cut", "the answer broke off (truncated body)"), ("hang-up", "the connection broke off")],
)
def test_an_answer_that_breaks_off_may_have_been_acted_upon(path: str, told: str, server: Server) -> None:
    error = failure(f"{server.url}/{path}")
    assert (str(error), error.maybe_accepted) == (f"GET: {told}", True)


def test_what_never_arrived_is_known() -> None:
    refused = failure(f"http://127.0.0.1:{free_port()}")
    assert (str(refused), refused.maybe_accepted) == (
        "GET: connection refused; check Host of the connection",
        False,
    )
    unknown = failure("http://no-such-host.invalid")
    assert (str(unknown), unknown.maybe_accepted) == (
        "GET: the address is not known to DNS; check Host of the connection",
        False,
    )


def test_a_server_without_tls_and_a_dead_proxy_are_named(server: Server) -> None:
    no_tls = failure(f"https://127.0.0.1:{server.port}")
    assert "the certificate is not trusted, or the address speaks no TLS" in str(no_tls)
    assert isinstance(no_tls.__cause__, ssl.SSLError | Exception)
    dead = {"http": f"http://127.0.0.1:{free_port()}"}
    assert "check 'proxies' in Extra" in str(failure("http://a.example.org", proxies=dead))


def test_certificates_are_checked_as_the_settings_say(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    for verify in (True, False, "/path/of/ca.pem"):
        assert session(verify=verify).verify == verify
    with session(verify=False) as vendor:
        assert vendor.get(server.url).status_code == 200


def test_urls_stay_out_of_our_logs(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    # urllib3 logs whole URLs at DEBUG; that is out of our hands
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.INFO, "urllib3"):
        failure(f"{server.url}/cut")
    assert "7900" not in caplog.text
