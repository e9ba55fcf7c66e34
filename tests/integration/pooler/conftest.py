"""A real PgBouncer in transaction mode, between the tests of this folder and the server."""

import os
import pwd
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from demo.processes import free_port, running

from ..databases import address_of, create_database, drop_database
from ..odd_role import ODD, as_odd_role, create_odd_role

SERVER_SESSIONS = 3
"""Fewer than the clients of a test, so that each gets several of them."""
REMEDY = "No PgBouncer. `make pooler` installs it as root on Debian; elsewhere install the package pgbouncer."
_CONFIGURATION = """
[databases]
* = host={socket_folder} user={role}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {server_sessions}
"""


@pytest.fixture(scope="module")
def pgbouncer(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a pooler before the embedded server, which gives all clients sessions of the odd role."""
    create_odd_role(postgres)
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.fail(REMEDY)
    socket_folder = Path(str(conninfo_to_dict(postgres)["host"]))
    folder, port = tmp_path_factory.mktemp("pgbouncer"), free_port(0)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        _CONFIGURATION.format(
            socket_folder=socket_folder, role=ODD, port=port, server_sessions=SERVER_SESSIONS
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
                psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
                break
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield port


@pytest.fixture
def direct_uri(postgres: str, pgbouncer: int, template: str) -> Iterator[str]:
    """Address of the test's database past the pooler."""
    name = create_database(postgres, template)
    yield as_odd_role(address_of(postgres, name))
    drop_database(postgres, name)


@pytest.fixture
def database_uri(pgbouncer: int, direct_uri: str) -> str:
    """Address of the test's database: whatever a test does goes through the pooler."""
    return f"postgresql://postgres@127.0.0.1:{pgbouncer}/{conninfo_to_dict(direct_uri)['dbname']}"
