"""Keeps every version of a deal that was seen, and the stage moves that follow from them."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql


class DealHistory:
    """The history of deals, a :class:`megaplan_sync.raw.page_writers.History`.

    It goes by the content's hash alone: a row that is written anew because somebody changed it here by hand is no
    version. Where a version begins and what counts as a move: the statement ``write_deal_versions``.
    """

    def __init__(self) -> None:
        self._overwritten: dict[int, str] = {}
        """Payloads as they were before the page, by deal: kept for those that turn out to be superseded."""

    def before(self, connection: Connection[Any], account: str, changing: Sequence[int]) -> None:
        """Take note of the payloads of deals that may be overwritten."""
        self._overwritten = {}
        if changing:
            found = connection.execute(
                read_sql("select_deal_version_payloads"), {"account": account, "ids": list(changing)}
            )
            self._overwritten = dict(found.fetchall())

    def after(self, connection: Connection[Any], account: str, written: Sequence[int]) -> None:
        """Open a version for each deal whose content is new, and close the one before."""
        overwritten, self._overwritten = self._overwritten, {}
        if not written or (not overwritten and self._append(connection, account, written)):
            return
        connection.execute(
            read_sql("write_deal_versions"),
            {
                "account": account,
                "ids": list(written),
                "overwritten": list(overwritten),
                "payloads": list(overwritten.values()),
            },
        )

    @staticmethod
    def _append(connection: Connection[Any], account: str, written: Sequence[int]) -> bool:
        """Open first versions; tell whether that was all there is to do."""
        opened = connection.execute(
            read_sql("append_deal_versions"), {"account": account, "ids": list(written)}
        ).fetchone()
        return opened == (len(written),)

    @staticmethod
    def close(connection: Connection[Any], account: str, deals: Sequence[int]) -> int:
        """End the present versions of deals that are marked with ``deleted_at``, in the caller's transaction.

        :returns: how many versions were ended; deals that are not marked, or whose version has ended, are left alone
        """
        if not deals:
            return 0
        return connection.execute(
            read_sql("close_deal_versions"), {"account": account, "ids": list(deals)}
        ).rowcount
