"""The HTTP server that runs the application."""

from __future__ import annotations

import logging
import resource
import socket

import uvicorn
from starlette.applications import Starlette

from megaplan_gateway.http.bounded_protocol import BoundedProtocol

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 2000
OTHER_FILES = 200
"""Open files reserved for Postgres, the vendors and Python itself."""
KEEP_ALIVE_SECONDS = 75
"""Longer than proxies usually keep idle connections (nginx: 60 s). If the gateway closed first, a proxy's next
request might meet a closed connection."""


class Server:
    """A uvicorn server; its socket is bound on construction, so the port is known before it runs."""

    def __init__(self, app: Starlette, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = _bind(host, port)
        self.max_connections = _max_connections()
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            access_log=False,  # paths contain secrets
            log_config=None,
            server_header=False,
            date_header=False,
            limit_concurrency=self.max_connections,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=10,
        )
        self._server = uvicorn.Server(config)
        bound_host, bound_port = self._socket.getsockname()[:2]
        url_host = f"[{bound_host}]" if ":" in bound_host else bound_host
        self.url = f"http://{url_host}:{bound_port}"

    @property
    def has_started(self) -> bool:
        """Whether the server accepts requests."""
        return self._server.started

    def run(self) -> None:
        """Serve until stopped."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Request a graceful shutdown."""
        self._server.should_exit = True


def _max_connections() -> int:
    """Return how many connections the process may have, after raising its limit of open files as far as allowed."""
    wanted = MAX_CONNECTIONS + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MAX_CONNECTIONS
    allowed = max(1, soft - OTHER_FILES)
    log.warning(
        "few open files allowed: raise the limit (ulimit -n)",
        extra={"open_files": soft, "connections": allowed, "wanted": wanted},
    )
    return allowed


def _bind(host: str, port: int) -> socket.socket:
    """Listen on an IPv4 or IPv6 address; ``::`` accepts both families."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listening.bind(address)
    listening.listen(512)
    return listening
