"""A way to Postgres that can be made to hang: connections stand, and nothing passes any more."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .served import postgres_connection


class StallingWay:
    """Passes bytes on in both directions until it is told to hang."""

    def __init__(self, where: dict[str, Any]) -> None:
        self._where = where
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.connection = {**where, "host": "127.0.0.1", "port": self._door.getsockname()[1]}
        threading.Thread(target=self._let_in, daemon=True).start()

    def hang(self) -> None:
        """Let nothing pass any more; connections stay open."""
        self._flows.clear()

    def close(self) -> None:
        """Close everything."""
        self._flows.set()
        for one in (self._door, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _let_in(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                behind = self._postgres()
                self._sockets += [caller, behind]
                for ends in ((caller, behind), (behind, caller)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _postgres(self) -> socket.socket:
        host, port = str(self._where["host"]), int(self._where["port"])
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        behind = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        behind.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return behind

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(65_536):
                self._flows.wait()
                target.sendall(received)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def stalling_way(database_uri: str) -> Iterator[StallingWay]:
    """Lead to a database until the block ends."""
    way = StallingWay(postgres_connection(database_uri))
    try:
        yield way
    finally:
        way.close()
