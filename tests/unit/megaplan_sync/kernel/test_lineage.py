"""Whoever listens to the lineage of hooks learns what was read and written; nobody listens by default."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from airflow.providers.common.compat.openlineage import facet
from airflow.sdk.lineage import HookLineageCollector

from megaplan_sync.kernel import lineage
from megaplan_sync.provider_info import get_provider_info
from megaplan_sync.raw.announcements import announce_changes


@dataclass
class Read:
    entity: str
    account: str = "mp361546"
    changed: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> HookLineageCollector:
    """Let somebody listen, as with the provider openlineage."""
    collector = HookLineageCollector()
    monkeypatch.setattr(lineage, "get_hook_lineage_collector", lambda: collector)
    database = {"conn_type": "postgres", "host": "/run/postgresql", "schema": "crm"}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(database))
    return collector


@pytest.mark.parametrize(
    ("from_megaplan", "source"),
    [
        (True, "megaplan://mp361546/deals"),
        (False, "postgres://localhost:5432/crm/megaplan_raw/deals"),
    ],
)
def test_a_load_and_a_rebuild_tell_where_rows_come_from(
    collector: HookLineageCollector, from_megaplan: bool, source: str
) -> None:
    context: Any = {}
    announce_changes([Read("deals")], "megaplan_postgres", context, from_megaplan=from_megaplan)
    told = collector.collected_assets
    assert [entry.asset.uri for entry in told.inputs] == [source]
    assert [entry.asset.uri for entry in told.outputs] == ["postgres://localhost:5432/crm/megaplan_raw/deals"]


class Dataset(NamedTuple):
    """As in the package of OpenLineage, which is not installed here."""

    namespace: str
    name: str


def test_addresses_of_both_vendors_are_translated_for_openlineage(
    collector: HookLineageCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facet, "Dataset", Dataset)
    lineage.record_lineage(
        object(), lineage.uis_uri("uis_default", "calls"), lineage.megaplan_uri("mp361546", "calls")
    )
    told = collector.collected_assets
    found = [lineage.to_openlineage(entry.asset, None) for entry in [*told.inputs, *told.outputs]]
    assert found == [
        ("uis://uis_default", "calls"),
        ("megaplan://mp361546", "calls"),
    ]
    (named,) = get_provider_info()["asset-uris"]
    assert named["schemes"] == ["megaplan", "uis"]
    assert named["to_openlineage_converter"] == f"{lineage.__name__}.{lineage.to_openlineage.__name__}"


def test_nothing_is_asked_when_nobody_listens() -> None:
    context: Any = {}
    announce_changes([Read("deals")], "no_such_connection", context)
