"""A Redis of the test's own, which it may kill and start again with what it had."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.processes import Program, free_port, running

REMEDY = (
    "No Redis. `make programs` installs it as root on Debian; elsewhere install the package redis-server."
)


class Broker:
    """A server with a journal, as in docker-compose.yaml.

    :param folder: for its data
    """

    def __init__(self, folder: Path, programs: ExitStack) -> None:
        self._folder = folder
        self._programs = programs
        self._port = free_port(0)
        self._server = self._start()

    @property
    def url(self) -> str:
        """Its address, as Celery wants it."""
        return f"redis://127.0.0.1:{self._port}/0"

    def restart(self) -> None:
        """Kill it with signal 9, and start it with the same data."""
        self._server.kill()
        self._server = self._start()

    def _start(self) -> Program:
        program = shutil.which("redis-server")
        assert program, REMEDY
        command = [program, "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        journal = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        log = self._folder / "redis.log"
        return self._programs.enter_context(running("redis", [*command, *journal], log, {}))


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """Run a broker until the block ends."""
    folder.mkdir()
    with ExitStack() as programs:
        yield Broker(folder, programs)
