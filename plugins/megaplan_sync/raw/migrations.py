"""Numbered migrations of the raw tables, each from the version before it.

Each is a statement ``migrate_to_<number>`` in ``include/sql/migrations``. An earlier migration of the same
upgrade may already have built tables of the current DDL, so columns are added with IF NOT EXISTS.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from psycopg import Connection
from psycopg.errors import DependentObjectsStillExist

from megaplan_sync.kernel.sql import read_sql, statements
from megaplan_sync.raw.table_definitions import table_names
from megaplan_sync.raw.table_replacement import TableReplacement

_NAME = re.compile(r"migrate_to_(\d+)")

MIGRATIONS = {int(found[1]): name for name in sorted(statements()) if (found := _NAME.fullmatch(name))}
"""Statements by the version to which they upgrade."""
_VIEWS_OF_VERSION_2 = ("deals", "contacts", "deal_positions", "employees", "pipeline_stages")


@contextmanager
def migrated(connection: Connection[Any], version: int) -> Iterator[None]:
    """Upgrade tables of an older version to the current one, in the caller's transaction.

    Create functions and views inside the block: after the tables, and before user objects that depend on them.

    :param version: version of the tables, 0 if there are none
    :raises TablesInUseError: the old tables were in use for too long
    """
    replacement = None
    for number in sorted(MIGRATIONS) if version else ():
        if number <= version:
            continue
        if number == 3:
            replacement = _replace_tables(connection)
        else:
            connection.execute(read_sql(MIGRATIONS[number]))
    yield
    if replacement is not None:
        replacement.restore()
        with suppress(DependentObjectsStillExist), connection.transaction():
            connection.execute(read_sql("drop_functions_of_version_2"))
        connection.execute(read_sql("forget_temporary_objects"))


def _replace_tables(connection: Connection[Any]) -> TableReplacement:
    """Replace tables with plain columns by tables with generated ones, see the statement ``migrate_to_3``."""
    connection.execute(read_sql("create_missing_history"))
    history = {"deal_versions": "past_deal_versions", "deal_stage_moves": "past_deal_stage_moves"}
    wanted = {f"megaplan_raw.{name}": name for name in table_names()}
    wanted |= {f"megaplan_raw.{old}": new for old, new in history.items()}
    found = connection.execute(read_sql("find_tables"), {"names": list(wanted)}).fetchall()
    replacement = TableReplacement(connection, {name: wanted[name] for (name,) in found})
    replacement.begin()
    connection.execute(read_sql("migrate_to_3"))
    replacement.build(
        sources={
            "deals": "deals_before",
            "past_deal_versions": "versions_before",
            "past_deal_stage_moves": "moves_before",
        },
        dropped=("custom_fields", "payload", "content_hash"),
    )
    replacement.swap(
        "finish_version_3",
        views=[f"megaplan.{name}" for name in _VIEWS_OF_VERSION_2],
        suffix="_before_3",
    )
    return replacement
