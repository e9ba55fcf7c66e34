"""Runs the application on a port."""

from __future__ import annotations

import socket

import uvicorn
from starlette.applications import Starlette

from megaplan_gateway.http.bounded_protocol import GuardedProtocol

MOST_CONNECTIONS = 2000


class Server:
    """A listening server; the socket is bound at once, so its port is known before it runs."""

    def __init__(self, app: Starlette, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = _listening(host, port)
        config = uvicorn.Config(
            app,
            http=GuardedProtocol,
            ws="none",
            lifespan="on",
            access_log=False,  # its lines would hold the secrets of paths
            log_config=None,
            server_header=False,
            date_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=10,
        )
        self._server = uvicorn.Server(config)
        bound_host, bound_port = self._socket.getsockname()[:2]
        written = f"[{bound_host}]" if ":" in bound_host else bound_host
        self.url = f"http://{written}:{bound_port}"

    @property
    def has_started(self) -> bool:
        """Whether requests are served."""
        return self._server.started

    def run(self) -> None:
        """Serve until stopped."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ask the server to end."""
        self._server.should_exit = True


def _listening(host: str, port: int) -> socket.socket:
    """Bind to an address of either family; ``::`` takes both."""
    asked = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = asked[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listening.bind(address)
    listening.listen(512)
    return listening
