"""Assets of the raw tables. An event says that rows have changed, never which: look into the table."""

from airflow.sdk import Asset, AssetAlias

from megaplan_sync.raw.entities import ALL_ENTITIES

RAW_TABLE_ALIASES = [AssetAlias(f"megaplan_raw_{entity}") for entity in ALL_ENTITIES]
"""What a DAG schedules on, e.g. ``AssetAlias("megaplan_raw_deals")``: events come only when rows changed."""


def raw_table_alias(entity: str) -> AssetAlias:
    """Return the alias under which an entity's events are found."""
    return AssetAlias(f"megaplan_raw_{entity}")


def raw_table_asset(entity: str, host: str | None, port: int | None, database: str | None) -> Asset:
    """Return the asset of a raw table in a database; a Unix socket counts as localhost."""
    server = "localhost" if not host or host.startswith("/") else host
    uri = f"postgres://{server}:{port or 5432}/{database or 'postgres'}/megaplan_raw/{entity}"
    return Asset(name=f"megaplan_raw.{entity}@{server}:{port or 5432}/{database or 'postgres'}", uri=uri)
