"""A command of the widget, what becomes of it, and its row in ``telephony.commands``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row

from megaplan_gateway.database import WAIT_SECONDS, Pool
from megaplan_sync.kernel.sql import read_sql

Kind = Literal["call", "hang_up", "do_not_disturb"]
State = Literal["working", "done", "failed", "unknown"]

DOUBLE_CLICK_SECONDS = 5.0
KEPT_DAYS = 30


@dataclass(frozen=True)
class Command:
    """What an employee asks for.

    :param command_id: made by the widget; whoever sends it again means the same command
    :param phone: of a call, E.164 with +
    :param call_session_id: of a hang-up
    :param value: of do-not-disturb
    """

    account: str
    command_id: str
    employee_id: int
    kind: Kind
    phone: str | None = None
    call_session_id: int | None = None
    value: bool | None = None

    @property
    def external_id(self) -> str:
        """What UIS gets to know a call by; the same whenever this command is looked at."""
        return external_id(self.command_id)


def external_id(command_id: str) -> str:
    """Return UIS's ``external_id`` of the call that a command began."""
    return f"widget-{command_id}"


@dataclass(frozen=True)
class Outcome:
    """What became of a command.

    :param told: a sentence for the employee, in Russian
    :param error: class and mnemonic of UIS's refusal
    """

    state: State
    told: str
    error: str | None = None
    call_session_id: int | None = None
    status_before: int | None = None


@dataclass(frozen=True)
class CommandRow:
    """A row of ``telephony.commands``."""

    command_id: str
    employee_id: int
    kind: Kind
    phone: str | None
    call_session_id: int | None
    value: bool | None
    state: State
    told: str | None
    age_seconds: float

    def is_of(self, command: Command) -> bool:
        """Say whether this is that very command, and not its id given to another one."""
        same_call = command.kind != "hang_up" or self.call_session_id == command.call_session_id
        return same_call and (self.employee_id, self.kind, self.phone, self.value) == (
            command.employee_id,
            command.kind,
            command.phone,
            command.value,
        )


class CommandTable:
    """The rows, each committed before anything is done about it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def take(self, command: Command) -> tuple[CommandRow | None, bool]:
        """Take up a command; returns the row that counts, and whether it is new.

        For a call the row may be another one: of a call just being started, or of the other half of a double click.
        None is returned in the rare case that the row in the way has been settled meanwhile.
        """
        values = {**asdict(command), "double_click_seconds": DOUBLE_CLICK_SECONDS}
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            cursor = await connection.execute(read_sql("insert_command"), values)
            is_new = await cursor.fetchone() is not None
            return await self._row(connection, values), is_new

    async def row(self, command: Command) -> CommandRow | None:
        """Return a command's own row."""
        values = {**asdict(command), "kind": "", "double_click_seconds": 0}
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            return await self._row(connection, values)

    async def settle(self, account: str, command_id: str, outcome: Outcome) -> None:
        """Write down what became of a command."""
        values = {"account": account, "command_id": command_id, **asdict(outcome)}
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            await connection.execute(read_sql("settle_command"), values)

    async def unknown_calls(self, command: Command, seconds: float) -> list[str]:
        """Return the ids of calls of this employee whose fate is not known, the latest first."""
        values = {"account": command.account, "employee_id": command.employee_id, "seconds": seconds}
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            cursor = await connection.execute(read_sql("select_unknown_calls"), values)
            return [str(command_id) for (command_id,) in await cursor.fetchall()]

    async def status_before(self, command: Command) -> int | None:
        """Return the status that do-not-disturb last took the place of."""
        values = {"account": command.account, "employee_id": command.employee_id}
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            row = await (await connection.execute(read_sql("select_status_before"), values)).fetchone()
            return None if row is None else int(row[0])

    async def forget_old(self, account: str) -> None:
        """Delete what nobody repeats any more."""
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            await connection.execute(read_sql("delete_old_commands"), {"account": account, "days": KEPT_DAYS})

    async def _row(self, connection: AsyncConnection[Any], values: dict[str, Any]) -> CommandRow | None:
        async with connection.cursor(row_factory=class_row(CommandRow)) as cursor:
            await cursor.execute(read_sql("select_command"), values)
            return await cursor.fetchone()
