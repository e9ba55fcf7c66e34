"""Recreates dropped and changed views."""

import logging
from typing import Any

from psycopg import Connection
from psycopg.errors import DependentObjectsStillExist, InvalidTableDefinition
from psycopg.sql import SQL, Identifier

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.table_definitions import column_comments
from megaplan_sync.raw.views import refresh_account_view
from megaplan_sync.rebuild.exceptions import ViewInUseError

log = logging.getLogger(__name__)


def recreate_views(connection: Connection[Any]) -> bool:
    """Recreate all views in one transaction.

    :returns: whether they had to be dropped because their columns differed; their grants are lost then
    :raises ViewInUseError: other objects depend on a view that had to be dropped
    """
    try:
        _create(connection, drop_first=False)
    except InvalidTableDefinition:
        try:
            _create(connection, drop_first=True)
        except DependentObjectsStillExist as error:
            raise ViewInUseError(error.diag.message_detail or str(error)) from error
        log.warning(
            "The views had different columns than they should have: dropped and recreated. Restore the grants on "
            "the views of schema megaplan."
        )
        return True
    return False


def _create(connection: Connection[Any], *, drop_first: bool) -> None:
    with connection.transaction():
        connection.execute(read_sql("lock_schema"))
        accounts = [account for (account,) in connection.execute(read_sql("select_accounts"))]
        if drop_first:
            for (view,) in connection.execute(read_sql("select_account_views")).fetchall():
                connection.execute(SQL(read_sql("drop_account_view")).format(view=Identifier(view)))
            connection.execute(read_sql("drop_views"))
        for statement in ("create_history_views", "create_view_functions", "create_views"):
            connection.execute(read_sql(statement))
        connection.execute(SQL("; ").join(column_comments()))
        for account in accounts:
            refresh_account_view(connection, account, recreate=True)
