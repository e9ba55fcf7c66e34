"""What a task has read and written, for OpenLineage and whoever else listens to Airflow's lineage of hooks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import Asset, BaseHook
from airflow.sdk.lineage import NoOpCollector, get_hook_lineage_collector


def lineage_is_wanted() -> bool:
    """Return whether anybody listens, such as the provider openlineage."""
    return not isinstance(get_hook_lineage_collector(), NoOpCollector)


def record_lineage(reader: Any, source: str, target: str) -> None:
    """Tell Airflow what a task has read, and where it has written that.

    :param reader: whose lineage it is: a hook, an operator or its outcome
    :param source: an address such as those that this module makes
    """
    collector = get_hook_lineage_collector()
    collector.add_input_asset(reader, uri=source)
    collector.add_output_asset(reader, uri=target)


def megaplan_uri(account: str, what: str) -> str:
    """Return the address of something in a Megaplan account, such as ``megaplan://mp361546/deals``."""
    return f"megaplan://{account}/{what}"


def uis_uri(conn_id: str, what: str) -> str:
    """Return the address of something in a cabinet of UIS, such as ``uis://uis_default/calls``."""
    return f"uis://{conn_id}/{what}"


def table_uri(postgres_conn_id: str, schema: str, table: str) -> str:
    """Return the address of a table; a Unix socket counts as localhost."""
    database = BaseHook.get_connection(postgres_conn_id)
    host = database.host
    server = "localhost" if not host or host.startswith("/") else host
    return f"postgres://{server}:{database.port or 5432}/{database.schema or 'postgres'}/{schema}/{table}"


def to_openlineage(asset: Asset, lineage_context: Any) -> Any:
    """Translate an address of Megaplan or UIS for OpenLineage; named in the provider's metadata."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    parsed = urlsplit(asset.uri)
    return Dataset(namespace=f"{parsed.scheme}://{parsed.netloc}", name=parsed.path.strip("/"))
