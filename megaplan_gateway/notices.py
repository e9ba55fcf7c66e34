"""Tells people of incidents, as the DAG ``megaplan_notices`` does: also while Airflow's scheduler is dead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from psycopg import Error

from megaplan_sync.kernel.exceptions import MegaplanSyncError
from megaplan_sync.kernel.schemas import prepare_notice_schema
from megaplan_sync.kernel.session import DurableSession

log = logging.getLogger(__name__)


class Notices:
    """Looks once a minute, in a thread; does nothing while the connection ``megaplan_notices`` does not exist.

    :param conninfo: libpq connection string of the raw tables' database
    :param read_setting: reads the connection with the recipients' addresses, None if there is none; blocks
    """

    def __init__(
        self,
        conninfo: str,
        read_setting: Callable[[], Any | None],
        interval_seconds: float,
    ) -> None:
        self._conninfo = conninfo
        self._read_setting = read_setting
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        """Tell people until cancelled."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            try:
                await asyncio.to_thread(self._tell)
            except (Error, MegaplanSyncError) as error:
                log.warning("no notices", extra={"error": str(error)})

    def _tell(self) -> None:
        setting = self._read_setting()
        if setting is None:
            return
        # most gateways have no use for Apprise, which takes a second to import
        from megaplan_sync.notices.delivery import deliver, write_messages
        from megaplan_sync.notices.freshness import Promise, check_freshness
        from megaplan_sync.notices.sinks import read_sinks

        sinks, promise = read_sinks(setting), Promise.of(setting)
        with DurableSession.open(self._conninfo) as connection:
            prepare_notice_schema(connection)
            check_freshness(connection, promise)
            write_messages(connection, sinks)
            if refused := deliver(connection, sinks):
                log.warning("notice not accepted", extra={"recipients": refused})
