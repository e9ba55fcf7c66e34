"""Assets of the raw tables. An event says that rows have changed, but not which; query the table for them."""

from airflow.sdk import Asset, AssetAlias

from megaplan_sync.raw.entities import ALL_ENTITIES

RAW_TABLE_ALIASES = [AssetAlias(f"megaplan_raw_{entity}") for entity in ALL_ENTITIES]
"""Aliases to schedule DAGs on, e.g. ``AssetAlias("megaplan_raw_deals")``; there are events only when rows changed."""


def raw_table_alias(entity: str) -> AssetAlias:
    """Return the alias of an entity's events."""
    return AssetAlias(f"megaplan_raw_{entity}")


def raw_table_asset(entity: str, host: str | None, port: int | None, database: str | None) -> Asset:
    """Return the asset of a raw table in a database; a Unix socket counts as localhost."""
    server = "localhost" if not host or host.startswith("/") else host
    uri = f"postgres://{server}:{port or 5432}/{database or 'postgres'}/megaplan_raw/{entity}"
    name = f"megaplan_raw.{entity}@{server}:{port or 5432}/{database or 'postgres'}"
    return Asset(name=name, uri=uri, group="megaplan_raw")
