"""A Postgres proxy that can be made to hang, or to lose the answer to a commit."""

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
        self._statement: bytes | None = None
        self.lost_answers = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.connection = {**target, "host": "127.0.0.1", "port": self._server.getsockname()[1]}
        threading.Thread(target=self._accept, daemon=True).start()

    def hang(self) -> None:
        """Stop forwarding; connections stay open."""
        self._is_open.clear()

    def lose_answer(self, statement: bytes) -> None:
        """Cut the connection of the next transaction with a statement once Postgres has committed it."""
        self._statement = statement

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
                ends = (client, postgres, threading.Event())
                for forward in (self._forward, self._answer):
                    threading.Thread(target=forward, args=ends, daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = str(self._target["host"]), int(self._target["port"])
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        postgres = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        postgres.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return postgres

    def _forward(self, client: socket.socket, postgres: socket.socket, is_lost: threading.Event) -> None:
        has_statement = False
        with suppress(OSError):
            while received := client.recv(65_536):
                self._is_open.wait()
                has_statement |= self._statement is not None and self._statement in received
                if has_statement and b"COMMIT" in received:
                    self._statement, has_statement = None, False
                    is_lost.set()
                postgres.sendall(received)
            postgres.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, postgres: socket.socket, is_lost: threading.Event) -> None:
        with suppress(OSError):
            while received := postgres.recv(65_536):
                self._is_open.wait()
                if is_lost.is_set():
                    self.lost_answers += 1
                    break
                client.sendall(received)
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def stalling_proxy(database_uri: str) -> Iterator[StallingProxy]:
    """Run a proxy to a database inside the block."""
    proxy = StallingProxy(postgres_connection(database_uri))
    try:
        yield proxy
    finally:
        proxy.close()
