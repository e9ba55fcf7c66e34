"""Creates the tables of one part of this package beside the raw tables; refuses newer ones, never drops any."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.exceptions import NewerSchemaError
from megaplan_sync.kernel.sql import read_sql


def prepare_part_schema(connection: Connection[Any], part: str, tables: Sequence[str], version: int) -> bool:
    """Create what is missing, in one transaction.

    :param part: names the statements: ``create_<part>_tables`` and the two with ``<part>_schema_version``
    :param tables: all there are in this version, named with their schema; the first one holds the version
    :param version: of the tables that this code writes
    :returns: whether anything had to be done
    :raises NewerSchemaError: the tables were made by a newer version of this package
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(read_sql("lock_schema"))
        cursor.execute(read_sql("find_tables"), {"names": list(tables)})
        present = {name for (name,) in cursor.fetchall()}
        found = 0
        if tables[0] in present:
            cursor.execute(read_sql(f"select_{part}_schema_version"))
            found = next((number for (number,) in cursor.fetchall()), 0)
        if found > version:
            raise NewerSchemaError(found, version)
        if found == version and present == set(tables):
            return False
        cursor.execute(read_sql(f"create_{part}_tables"))
        cursor.execute(read_sql(f"save_{part}_schema_version"), {"version": version})
        return True
