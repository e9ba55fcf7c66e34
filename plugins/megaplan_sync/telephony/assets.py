"""Assets of telephony's tables. An event says that rows have changed, not which ones."""

from airflow.sdk import Asset, AssetAlias

TELEPHONY_USERS = AssetAlias("telephony_users")
"""Schedule DAGs on this alias; it gets an event whenever users have changed."""


def telephony_table_asset(table: str, host: str | None, port: int | None, database: str | None) -> Asset:
    """Return the asset of a table in the schema ``telephony``; a Unix socket counts as localhost."""
    server = "localhost" if not host or host.startswith("/") else host
    address = f"{server}:{port or 5432}/{database or 'postgres'}"
    return Asset(name=f"telephony.{table}@{address}", uri=f"postgres://{address}/telephony/{table}")
