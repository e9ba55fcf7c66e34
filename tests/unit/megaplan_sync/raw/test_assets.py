"""Assets of the raw tables."""

import pytest
from airflow.sdk import Asset

from megaplan_sync.raw.assets import RAW_TABLE_ALIASES, raw_table_alias, raw_table_asset
from megaplan_sync.raw.entities import ALL_ENTITIES


def test_every_entity_has_an_alias() -> None:
    assert [alias.name for alias in RAW_TABLE_ALIASES] == [f"megaplan_raw_{name}" for name in ALL_ENTITIES]
    assert all(raw_table_alias(name) in RAW_TABLE_ALIASES for name in ALL_ENTITIES)


@pytest.mark.parametrize(
    ("host", "port", "database", "uri"),
    [
        ("db.example.org", 5433, "crm", "postgres://db.example.org:5433/crm/megaplan_raw/deals"),
        ("db.example.org", None, "crm", "postgres://db.example.org:5432/crm/megaplan_raw/deals"),
        ("/var/run/postgresql", None, None, "postgres://localhost:5432/postgres/megaplan_raw/deals"),
        (None, None, None, "postgres://localhost:5432/postgres/megaplan_raw/deals"),
        ("", None, "", "postgres://localhost:5432/postgres/megaplan_raw/deals"),
    ],
    ids=["all given", "usual port", "socket", "nothing given", "empty texts"],
)
def test_the_address_says_where_the_table_is(
    host: str | None, port: int | None, database: str | None, uri: str
) -> None:
    asset = raw_table_asset("deals", host, port, database)
    assert isinstance(asset, Asset)
    assert asset.uri == uri


def test_databases_and_tables_are_told_apart() -> None:
    assets = [
        raw_table_asset(table, host, None, database)
        for table in ("deals", "contacts")
        for host in ("one", "two")
        for database in ("crm", "dwh")
    ]
    assert len({asset.uri for asset in assets}) == len({asset.name for asset in assets}) == 8
