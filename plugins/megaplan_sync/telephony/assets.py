"""Assets of telephony's tables. An event says that rows have changed, not which ones."""

from airflow.sdk import Asset, AssetAlias

TELEPHONY_USERS = AssetAlias("telephony_users")
"""Schedule DAGs on this alias; it gets an event whenever users have changed."""


def telephony_table_asset(table: str, host: str | None, port: int | None, database: str | None) -> Asset:
    """Return the asset of a table in the schema ``telephony``; a Unix socket counts as localhost."""
    server = "localhost" if not host or host.startswith("/") else host
    address = f"{server}:{port or 5432}/{database or 'postgres'}"
    name, uri = f"telephony.{table}@{address}", f"postgres://{address}/telephony/{table}"
    return Asset(name=name, uri=uri, group="telephony")
