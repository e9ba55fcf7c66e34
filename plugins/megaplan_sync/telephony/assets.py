"""Assets of telephony's tables. An event says that rows have changed, never which: look into the table."""

from airflow.sdk import Asset, AssetAlias

TELEPHONY_USERS = AssetAlias("telephony_users")
"""What a DAG schedules on: events come only when users changed."""


def telephony_table_asset(table: str, host: str | None, port: int | None, database: str | None) -> Asset:
    """Return the asset of a table of schema ``telephony``; a Unix socket counts as localhost."""
    server = "localhost" if not host or host.startswith("/") else host
    where = f"{server}:{port or 5432}/{database or 'postgres'}"
    return Asset(name=f"telephony.{table}@{where}", uri=f"postgres://{where}/telephony/{table}")
