"""Publishes asset events for raw tables that have changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from airflow.sdk import BaseHook, Context

from megaplan_sync.kernel.lineage import lineage_is_wanted, megaplan_uri, record_lineage, table_uri
from megaplan_sync.raw.assets import raw_table_alias, raw_table_asset


class Outcome(Protocol):
    """The outcome of one entity of one account."""

    account: str
    entity: str

    @property
    def changed(self) -> int:
        """Rows written."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""


def announce_changes(
    outcomes: Sequence[Outcome], postgres_conn_id: str, context: Context, *, from_megaplan: bool = True
) -> None:
    """Publish an asset event with the counts for every table whose rows changed, and tell the lineage of all.

    The task needs ``outlets=RAW_TABLE_ALIASES`` (``megaplan_sync.raw.assets``).

    :param from_megaplan: whether rows were read from Megaplan, not only from the tables themselves
    """
    for outcome in outcomes if lineage_is_wanted() else ():
        table = table_uri(postgres_conn_id, "megaplan_raw", outcome.entity)
        source = megaplan_uri(outcome.account, outcome.entity) if from_megaplan else table
        record_lineage(outcome, source, table)
    changed = [(outcome.entity, outcome.as_dict()) for outcome in outcomes if outcome.changed]
    announce_tables(changed, postgres_conn_id, context)


def announce_tables(
    events: Iterable[tuple[str, Mapping[str, Any]]], postgres_conn_id: str, context: Context
) -> None:
    """Publish an asset event, with its ``extra``, for each of these tables of schema ``megaplan_raw``."""
    database = None
    for table, extra in events:
        database = database or BaseHook.get_connection(postgres_conn_id)
        asset = raw_table_asset(table, database.host, database.port, database.schema)
        context["outlet_events"][raw_table_alias(table)].add(asset, extra=dict(extra))
