"""Telephony users: rows of ``telephony.users`` and updates of their statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from megaplan_gateway.database import WAIT_SECONDS, Pool
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import text
from megaplan_sync.telephony.people.user_mapping import takes_no_calls

GRACE_SECONDS = 3.0
"""UIS may return a new status only after a delay; until then its lists are ignored."""


@dataclass(frozen=True)
class TelephonyUser:
    """An employee matched in Megaplan and UIS.

    :param status: name of the status as UIS shows it
    :param do_not_disturb: whether the status takes no calls from outside; None if unknown
    """

    employee_id: int
    uis_employee_id: int
    internal_number: str
    uis_status_id: int | None
    status: str | None
    do_not_disturb: bool | None


@dataclass(frozen=True)
class Status:
    """A UIS status as stored in ``telephony.users``."""

    id: int
    mnemonic: str | None
    name: str | None
    do_not_disturb: bool | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Status:
        """Convert a row of ``get.statuses``."""
        return cls(int(row["id"]), text(row.get("mnemonic")), text(row.get("name")), takes_no_calls(row))


class UserTable:
    """The telephony users of all accounts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def user(self, account: str, employee_id: int) -> TelephonyUser | None:
        """Return an employee's telephony user; None if the employee has no internal number."""
        parameters = {"account": account, "employee_id": employee_id}
        async with (
            self._pool.connection(timeout=WAIT_SECONDS) as connection,
            connection.cursor(row_factory=class_row(TelephonyUser)) as rows,
        ):
            await rows.execute(read_sql("select_telephony_user"), parameters)
            return await rows.fetchone()

    async def now(self) -> datetime:
        """Return the database's time."""
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            row = await (await connection.execute(read_sql("select_clock"))).fetchone()
        if row is None or not isinstance(row[0], datetime):
            raise RuntimeError("select_clock returned no time")
        return row[0]

    async def save_statuses(
        self, account: str, asked_at: datetime, read: Sequence[tuple[int, Status]]
    ) -> int:
        """Save statuses read from UIS, and return how many employees' statuses have changed.

        :param asked_at: when the request was sent, by the database's clock
        :param read: UIS employee ids with their statuses
        """
        values = {
            "account": account,
            "asked_at": asked_at,
            "uis_employee_ids": [employee for employee, _ in read],
            "uis_status_ids": [status.id for _, status in read],
            "uis_statuses": [status.mnemonic or status.name for _, status in read],
            "do_not_disturb": [status.do_not_disturb for _, status in read],
        }
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            return len(await (await connection.execute(read_sql("update_user_statuses"), values)).fetchall())

    async def save_sent_status(self, account: str, uis_employee_id: int, status: Status) -> None:
        """Save a status just set in UIS."""
        values = {
            "account": account,
            "uis_employee_id": uis_employee_id,
            "uis_status_id": status.id,
            "uis_status": status.mnemonic or status.name,
            "do_not_disturb": status.do_not_disturb,
            "grace_seconds": GRACE_SECONDS,
        }
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            await connection.execute(read_sql("save_sent_status"), values)
