"""A role whose defaults are all odd: nothing in its sessions is as a fresh server has it."""

from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

ODD = "odd"
SETTINGS = {
    "client_encoding": "WIN1251",
    "standard_conforming_strings": "off",
    "TimeZone": "Asia/Kathmandu",
    "DateStyle": "German, DMY",
    "IntervalStyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "exit_on_error": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "55s",
    "transaction_timeout": "56s",
    "lock_timeout": "57s",
    "idle_in_transaction_session_timeout": "58s",
    "synchronous_commit": "local",
    "jit": "on",
    "plan_cache_mode": "force_generic_plan",
    "check_function_bodies": "off",
}
_SHADOWS = """
CREATE SCHEMA odd;
CREATE FUNCTION odd.now() RETURNS timestamptz LANGUAGE sql RETURN '2001-01-01 00:00+00'::timestamptz;
CREATE FUNCTION odd.clock_timestamp() RETURNS timestamptz LANGUAGE sql RETURN '2001-01-01 00:00+00'::timestamptz;
CREATE FUNCTION odd.lower(text) RETURNS text LANGUAGE sql RETURN 'odd';
CREATE FUNCTION odd.md5(text) RETURNS text LANGUAGE sql RETURN 'odd'
"""
"""Functions that its search_path finds before those of Postgres."""


def create_odd_role(postgres: str) -> None:
    """Create the role, unless it exists.

    :param postgres: address of the server
    """
    with psycopg.connect(postgres, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (ODD,)).fetchone() is not None:
            return
        connection.execute(f"CREATE ROLE {ODD} LOGIN SUPERUSER")
        for name, value in SETTINGS.items():
            connection.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(
                    sql.Identifier(ODD), sql.Identifier(name), sql.Literal(value)
                )
            )
        connection.execute(f"ALTER ROLE {ODD} SET search_path = odd, pg_catalog")


def as_odd_role(address: str) -> str:
    """Let the role find other functions than Postgres' in a database; return the address for it."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_SHADOWS)
    return make_conninfo(address, user=ODD)


def odd_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that libpq reads."""
    monkeypatch.setenv("PGCLIENTENCODING", "WIN1251")
    monkeypatch.setenv("PGDATESTYLE", "German, DMY")
    monkeypatch.setenv("PGTZ", "America/Caracas")
    monkeypatch.setenv("PGOPTIONS", "-c extra_float_digits=-14")


def shown(connection: Connection[Any], *names: str) -> dict[str, str]:
    """Return settings of a session."""
    rows = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", (list(names),))
    return dict(rows.fetchall())
