"""The folder of the tests' Postgres: in memory, if the machine has enough."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from demo.embedded_postgres import stop_leftover

_IN_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3
"""More than all test processes use together; containers have 64 MB by default."""
_PREFIX = "megaplan-tests-"


@contextmanager
def server_folder() -> Iterator[Path]:
    """Yield an empty folder and remove it afterwards; also remove folders that killed tests have left behind."""
    parent = _parent()
    _remove_leftovers(parent)
    with TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent) as folder:
        yield Path(folder)


def _parent() -> Path:
    try:
        has_room = shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES
    except OSError:  # another system than Linux
        has_room = False
    return _IN_MEMORY if has_room and os.access(_IN_MEMORY, os.W_OK) else Path(gettempdir())


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            stop_leftover(folder / "data")
            shutil.rmtree(folder, ignore_errors=True)
