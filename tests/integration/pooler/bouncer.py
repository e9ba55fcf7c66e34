"""Runs a real PgBouncer before the tests' server."""

import os
import pwd
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from demo.processes import free_port, running

from ..odd_role import ODD, create_odd_role

SERVER_SESSIONS = 3
"""Fewer than the clients of a test, so that each gets several of them."""
REMEDY = (
    "No PgBouncer. `make programs` installs it as root on Debian; elsewhere install the package pgbouncer."
)
_CONFIGURATION = """
[databases]
* = host={socket_folder} user={role}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {pool_mode}
default_pool_size = {server_sessions}
"""


@contextmanager
def bouncer(
    postgres: str, folder: Path, pool_mode: Literal["transaction", "statement"] = "transaction"
) -> Iterator[int]:
    """Put a pooler before the embedded server, which gives all clients sessions of the odd role; yields its port."""
    create_odd_role(postgres)
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.fail(REMEDY)
    socket_folder = Path(str(conninfo_to_dict(postgres)["host"]))
    port = free_port(0)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        _CONFIGURATION.format(
            socket_folder=socket_folder,
            role=ODD,
            port=port,
            pool_mode=pool_mode,
            server_sessions=SERVER_SESSIONS,
        )
    )
    command = [program, str(configuration)]
    if os.geteuid() == 0:  # it refuses to run as root; the server's user may use the server's socket
        command[1:1] = ["-u", pwd.getpwuid(socket_folder.stat().st_uid).pw_name]
    with running("pgbouncer", command, folder / "pgbouncer.log", os.environ) as process:
        until = time.monotonic() + 30
        while True:
            process.ensure_running()
            try:
                psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", autocommit=True).close()
                break
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield port
