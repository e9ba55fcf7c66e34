"""Checks of Postgres: version, encoding, rights, what lies before it, and our tables."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple, Self

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from megaplan_sync.doctor.finding import AIRFLOW, POSTGRES, Finding, error, ok, warning
from megaplan_sync.kernel.schemas import TELEPHONY_SCHEMA_VERSION, UPLOAD_SCHEMA_VERSION
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.schema import SCHEMA_VERSION

OLDEST_POSTGRES = 17
CONNECT_SECONDS = 5


class OurSchema(NamedTuple):
    """A schema with a version table, and the DAG that creates and upgrades it."""

    name: str
    select_version: str
    version: int
    dag: str


SYNC = OurSchema("megaplan_sync", "select_schema_version", SCHEMA_VERSION, "megaplan_deals_sync")
TELEPHONY = OurSchema(
    "telephony", "select_telephony_schema_version", TELEPHONY_SCHEMA_VERSION, "megaplan_telephony_sync"
)
UPLOAD = OurSchema("uis", "select_upload_schema_version", UPLOAD_SCHEMA_VERSION, "uis_deals_upload")


class ExaminingSession(Session):
    """A session that waits for nothing long, and that older servers understand as well."""

    settings: ClassVar[tuple[str, ...]] = ("set_formats", "set_examination_limits")

    @classmethod
    def open(cls, address: str) -> Self:
        """Connect within seconds."""
        given = conninfo_to_dict(address).get("connect_timeout")
        return super().open(make_conninfo(address, connect_timeout=given or CONNECT_SECONDS))


def check_server(database: Connection[Any]) -> Iterator[Finding]:
    """Check the server and what the user may do there."""
    major = database.info.server_version // 10_000
    if major < OLDEST_POSTGRES:
        remedy = (
            f"upgrade to PostgreSQL {OLDEST_POSTGRES} or later, or choose such a server in the connection"
        )
        yield error("Postgres version", f"version {major} is too old", POSTGRES, remedy)
        return
    encoding, is_standby, may_create, locked = database.execute(
        read_sql("select_database_state")
    ).fetchone() or ("", False, False, [])
    yield ok("Postgres", f"version {major}")
    if encoding != "UTF8":
        remedy = (
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and enter it in the Airflow connection"
        )
        yield error("encoding", f"the database uses {encoding}", POSTGRES, remedy)
    if is_standby:
        remedy = "let the connection megaplan_postgres lead to the primary server"
        yield error("Postgres rights", "the server is a standby, which only reads", AIRFLOW, remedy)
    elif locked:
        schemas = ", ".join(locked)
        remedy = f"make the connection's user the owner of {schemas} and all tables there (REASSIGN OWNED)"
        yield error("Postgres rights", f"the user may not change tables of {schemas}", POSTGRES, remedy)
    elif not may_create:
        remedy = "GRANT CREATE ON DATABASE … TO the connection's user"
        yield error("Postgres rights", "the user may not create schemas in the database", POSTGRES, remedy)


def check_clock_of_postgres(database: Connection[Any], clocks: dict[str, float]) -> Iterator[Finding]:
    """Note the server's clock; what it means is judged together with the others."""
    row = database.execute(read_sql("select_clock")).fetchone()
    if row is not None:
        clocks["Postgres"] = (datetime.now(UTC) - row[0]).total_seconds()
    yield from ()


def check_pooler(database: Connection[Any], *, has_direct_connection: bool) -> Iterator[Finding]:
    """Say whether a pooler stands in between: through one nobody can listen."""
    row = database.execute(read_sql("select_backend")).fetchone()
    if row is None or row[0] == database.info.backend_pid:
        return
    if has_direct_connection:
        yield ok("pooler", "there is one, and megaplan_postgres_direct leads past it")
    else:
        remedy = "none needed; to be woken at once, create megaplan_postgres_direct (docs/pgbouncer.md)"
        yield warning("pooler", "DAGs that wait for calls and webhooks look every second", AIRFLOW, remedy)


def check_schema(database: Connection[Any], schema: OurSchema, current: set[str]) -> Iterator[Finding]:
    """Check whether the tables of a schema are there, and of which version.

    :param current: gets the name if later checks may read the tables
    """
    topic = f"tables of {schema.name}"
    exists = database.execute(read_sql("has_schema_version"), {"schema": schema.name}).fetchone() == (True,)
    if not exists:
        yield ok(topic, f"they do not exist yet; {schema.dag} creates them")
        return
    found = database.execute(read_sql(schema.select_version)).fetchone()
    version = int(found[0]) if found else 0
    if version > schema.version:
        message = f"version {version}, this package supports up to {schema.version}"
        yield error(topic, message, AIRFLOW, "upgrade the package")
    elif version < schema.version:
        message = f"version {version}, this package needs {schema.version}"
        yield warning(topic, message, AIRFLOW, f"run the DAG {schema.dag} once")
    else:
        current.add(schema.name)
        yield ok(topic, f"version {version}")
