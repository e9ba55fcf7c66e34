"""Makes the views for people anew: dropped ones, and ones that somebody changed."""

import logging
from typing import Any

from psycopg import Connection
from psycopg.errors import DependentObjectsStillExist, InvalidTableDefinition

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.views import refresh_deals_view
from megaplan_sync.rebuild.exceptions import ViewInUseError

log = logging.getLogger(__name__)


def recreate_views(connection: Connection[Any]) -> bool:
    """Make all views as they should be, in one transaction.

    :returns: whether they had to be dropped, because their columns were others: grants on them are lost then
    :raises ViewInUseError: something is built on a view that had to be dropped
    """
    try:
        _create(connection, drop_first=False)
    except InvalidTableDefinition:
        try:
            _create(connection, drop_first=True)
        except DependentObjectsStillExist as error:
            raise ViewInUseError(error.diag.message_detail or str(error)) from error
        log.warning(
            "The views had other columns than they should: dropped and made anew. Grant people their rights on the "
            "views of schema megaplan again."
        )
        return True
    return False


def _create(connection: Connection[Any], *, drop_first: bool) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(read_sql("lock_schema"))
        if drop_first:
            cursor.execute(read_sql("drop_views"))
        for statement in ("create_view_functions", "create_views", "create_refresh_deals_view"):
            cursor.execute(read_sql(statement))
        if not refresh_deals_view(cursor):
            cursor.execute(read_sql("refresh_deals_view"))
