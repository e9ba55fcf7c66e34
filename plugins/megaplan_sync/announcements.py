"""Tells whoever listens that raw tables have changed."""

from collections.abc import Collection

from airflow.sdk import BaseHook, Context

from megaplan_sync.assets import raw_table_alias, raw_table_asset
from megaplan_sync.outcome import EntityOutcome


def announce_changes(outcomes: Collection[EntityOutcome], postgres_conn_id: str, context: Context) -> None:
    """Emit an asset event for every table whose rows changed, with the counts.

    The task needs ``outlets=RAW_TABLE_ALIASES`` (``megaplan_sync.assets``).
    """
    changed = [outcome for outcome in outcomes if outcome.changed]
    if not changed:
        return
    database = BaseHook.get_connection(postgres_conn_id)
    for outcome in changed:
        asset = raw_table_asset(outcome.entity, database.host, database.port, database.schema)
        context["outlet_events"][raw_table_alias(outcome.entity)].add(asset, extra=outcome.as_dict())
