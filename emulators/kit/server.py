"""Runs the application on a port."""

import socket

import uvicorn

from ..megaplan.account import Account
from ..megaplan.app import build_app
from .connections import Connections


class Server:
    """A listening server; the socket is bound at once, so its port is known before it runs."""

    def __init__(self, account: Account, host: str = "127.0.0.1", port: int = 0) -> None:
        connections = Connections()
        config = uvicorn.Config(
            build_app(account, connections),
            host=host,
            port=port,
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        # asyncio switches Nagle off only where the protocol is named
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self._socket.listen(128)
        self._server = uvicorn.Server(config)
        bound_host, bound_port = self._socket.getsockname()[:2]
        self.url = f"http://{bound_host}:{bound_port}"
        account.address = f"{bound_host}:{bound_port}"

    def run(self) -> None:
        """Serve until stopped."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ask the server to end."""
        self._server.should_exit = True
