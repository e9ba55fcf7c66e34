"""Lets the gateway read connections and Variables in Airflow's database, and nothing else of it.

``python grant_gateway.py ADDRESS GATEWAY_ADDRESS``: how a role that may create others reaches the database, and how
the gateway does, whose role is created or given that password. Run it after every ``airflow db migrate``.
"""

import sys

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

READABLE = ("connection", "variable")


def grant(address: str, gateway_address: str) -> None:
    """Create the gateway's role, or change its password, and grant it what it reads."""
    gateway = conninfo_to_dict(_libpq(gateway_address))
    role = sql.Identifier(str(gateway["user"]))
    with psycopg.connect(_libpq(address)) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (gateway["user"],)).fetchone()
        change = sql.SQL("ALTER" if known else "CREATE")
        password = sql.Literal(gateway.get("password"))
        connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(change, role, password))
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        for table in READABLE:
            connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(table), role))


def _libpq(address: str) -> str:
    return address.replace("postgresql+psycopg://", "postgresql://").replace(
        "postgresql+psycopg2://", "postgresql://"
    )


if __name__ == "__main__":
    grant(*sys.argv[1:])
