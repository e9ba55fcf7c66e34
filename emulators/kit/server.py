"""Runs an emulator's application on a port."""

import socket
from collections.abc import Callable
from email.utils import formatdate

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .connections import Connections


class Server:
    """A listening server; the socket is bound at once, so its port is known before it runs.

    :param build_app: builds the application, given the connections that its faults break
    :param now: the account's clock, in seconds since 1970, by which answers are dated
    """

    def __init__(
        self, build_app: Callable[[Connections], Starlette], now: Callable[[], float], host: str, port: int
    ) -> None:
        connections = Connections()
        config = uvicorn.Config(
            _dated(build_app(connections), now),
            host=host,
            port=port,
            http=connections.protocol(),
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        # asyncio switches Nagle off only where the protocol is named
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self._socket.listen(128)
        self._server = uvicorn.Server(config)
        bound_host, bound_port = self._socket.getsockname()[:2]
        self.address = f"{bound_host}:{bound_port}"
        self.url = f"http://{self.address}"

    def run(self) -> None:
        """Serve until stopped."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ask the server to end."""
        self._server.should_exit = True


def _dated(app: ASGIApp, now: Callable[[], float]) -> ASGIApp:
    """Return an application whose answers carry ``Date`` by the account's clock, as by that of its web server."""

    async def dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(now(), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await app(scope, receive, send_dated)

    return dated
