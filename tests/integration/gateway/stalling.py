"""A Postgres proxy that can be made to hang: connections stay open, but no data passes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .served import postgres_connection


class StallingProxy:
    """Forwards bytes in both directions until ``hang`` is called."""

    def __init__(self, target: dict[str, Any]) -> None:
        self._target = target
        self._is_open = threading.Event()
        self._is_open.set()
        self._sockets: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.connection = {**target, "host": "127.0.0.1", "port": self._server.getsockname()[1]}
        threading.Thread(target=self._accept, daemon=True).start()

    def hang(self) -> None:
        """Stop forwarding; connections stay open."""
        self._is_open.clear()

    def close(self) -> None:
        """Close all sockets."""
        self._is_open.set()
        for one in (self._server, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                postgres = self._connect()
                self._sockets += [client, postgres]
                for ends in ((client, postgres), (postgres, client)):
                    threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = str(self._target["host"]), int(self._target["port"])
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        postgres = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        postgres.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return postgres

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(65_536):
                self._is_open.wait()
                target.sendall(received)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def stalling_proxy(database_uri: str) -> Iterator[StallingProxy]:
    """Run a proxy to a database inside the block."""
    proxy = StallingProxy(postgres_connection(database_uri))
    try:
        yield proxy
    finally:
        proxy.close()
