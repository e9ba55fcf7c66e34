"""Who telephones: rows of ``telephony.users``, and what the live lane knows newer of their statuses."""

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
"""UIS may show a status it was told only a little later; until then its lists change nothing."""


@dataclass(frozen=True)
class TelephonyUser:
    """An employee of both sides.

    :param status: as the cabinet shows it
    :param do_not_disturb: the status takes no calls from outside
    """

    employee_id: int
    uis_employee_id: int
    internal_number: str
    uis_status_id: int | None
    status: str | None
    do_not_disturb: bool | None


@dataclass(frozen=True)
class Status:
    """One of UIS's statuses, as ``telephony.users`` keeps it."""

    id: int
    mnemonic: str | None
    name: str | None
    do_not_disturb: bool | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Status:
        """Read a row of ``get.statuses``."""
        return cls(int(row["id"]), text(row.get("mnemonic")), text(row.get("name")), takes_no_calls(row))


class UserTable:
    """The rows of all accounts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def user(self, account: str, employee_id: int) -> TelephonyUser | None:
        """Return who telephones under an employee's id."""
        asked = {"account": account, "employee_id": employee_id}
        async with (
            self._pool.connection(timeout=WAIT_SECONDS) as connection,
            connection.cursor(row_factory=class_row(TelephonyUser)) as rows,
        ):
            await rows.execute(read_sql("select_telephony_user"), asked)
            return await rows.fetchone()

    async def now(self) -> datetime:
        """Return the database's time."""
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            row = await (await connection.execute(read_sql("select_clock"))).fetchone()
        if row is None or not isinstance(row[0], datetime):
            raise RuntimeError("select_clock gave no time")
        return row[0]

    async def saw_statuses(self, account: str, asked_at: datetime, seen: Sequence[tuple[int, Status]]) -> int:
        """Keep the statuses that an answer of UIS told; returns how many employees have another one now.

        :param asked_at: when UIS was asked, by the database's clock
        :param seen: UIS's employee ids with their statuses
        """
        values = {
            "account": account,
            "asked_at": asked_at,
            "uis_employee_ids": [employee for employee, _ in seen],
            "uis_status_ids": [status.id for _, status in seen],
            "uis_statuses": [status.mnemonic or status.name for _, status in seen],
            "do_not_disturb": [status.do_not_disturb for _, status in seen],
        }
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            return len(await (await connection.execute(read_sql("update_user_statuses"), values)).fetchall())

    async def told_status(self, account: str, uis_employee_id: int, status: Status) -> None:
        """Keep the status that UIS has just given an employee on our word."""
        values = {
            "account": account,
            "uis_employee_id": uis_employee_id,
            "uis_status_id": status.id,
            "uis_status": status.mnemonic or status.name,
            "do_not_disturb": status.do_not_disturb,
            "grace_seconds": GRACE_SECONDS,
        }
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            await connection.execute(read_sql("note_status_told"), values)
