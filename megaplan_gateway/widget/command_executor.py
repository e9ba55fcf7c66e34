"""Executes commands exactly once, even if they are repeated or the gateway restarts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from psycopg import Error

from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.widget.command import Command, CommandRow, CommandTable, Outcome
from megaplan_gateway.widget.error_messages import error_name, message_for
from uis_hook.exceptions import UisError

log = logging.getLogger(__name__)

RESPONSE_SECONDS = 8.0
_POLL_SECONDS = 0.2
ABANDONED_SECONDS = 30.0
"""Longer than any command takes: an older one without a running task belongs to a gateway that was killed."""

Action = Callable[[], Awaitable[Outcome]]


class CommandExecutor:
    """Accepts commands, executes them in the background and returns their outcomes."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def execute(
        self, command: Command, action: Action, resume: Callable[[str], Awaitable[Outcome]]
    ) -> CommandRow:
        """Execute a command and return its row, settled if that takes less than ``RESPONSE_SECONDS``.

        :param action: executes the command; called once per command
        :param resume: completes a command left by a killed gateway; takes the command id
        :raises RefusedError: 409 if the id belongs to another command, or another number is being called
        """
        for _ in range(2):
            row, is_new = await self._table.accept(command)
            if row is None:
                continue
            key = (command.account, row.command_id)
            if is_new:
                self._start(key, action)
            elif row.command_id == command.command_id and not row.matches(command):
                raise _id_in_use()
            elif row.state == "working" and key not in self._running and row.age_seconds > ABANDONED_SECONDS:
                self._start(key, partial(resume, row.command_id))
            settled = await self._wait(row, key)
            if settled.command_id == command.command_id or settled.phone == command.phone:
                return settled
            if settled.state == "working":
                raise RefusedError(
                    409, "Ещё набирается предыдущий номер. Подождите несколько секунд.", retry_after=2
                )
        raise RefusedError(503, "Не удалось выполнить команду. Попробуйте ещё раз.", retry_after=1)

    async def find(self, command: Command) -> CommandRow | None:
        """Return the row of a repeated command; None if the command is new.

        :raises RefusedError: 409 if the id belongs to another command
        """
        row = await self._table.row(command)
        if row is not None and not row.matches(command):
            raise _id_in_use()
        return row

    async def _wait(self, row: CommandRow, key: tuple[str, str]) -> CommandRow:
        """Return a row once it is settled, or unsettled after ``RESPONSE_SECONDS``."""
        own = Command(key[0], row.command_id, row.employee_id, row.kind)
        deadline = time.monotonic() + RESPONSE_SECONDS
        while row.state == "working" and (left := deadline - time.monotonic()) > 0:
            task = self._running.get(key)
            if task is not None:
                await asyncio.wait({task}, timeout=left)
            else:  # accepted by a concurrent request or another process
                await asyncio.sleep(_POLL_SECONDS)
            row = await self._table.row(own) or row
        return row

    def _start(self, key: tuple[str, str], action: Action) -> None:
        # a task of its own: a client that disconnects must not cancel a call halfway
        task = asyncio.create_task(self._run(key, action))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))

    async def _run(self, key: tuple[str, str], action: Action) -> None:
        account, command_id = key
        try:
            outcome = await action()
        except UisError as error:
            log.warning("command refused", extra={"account": account, "reason": error_name(error)})
            outcome = Outcome("failed", message_for(error), error_name(error))
        except Exception as error:
            log.exception("command failed", extra={"account": account})
            message = "Что-то пошло не так. Обратитесь к администратору."
            outcome = Outcome("unknown", message, type(error).__name__)
        try:
            await self._table.settle(account, command_id, outcome)
        except (Error, OSError) as error:
            # the row stays unsettled until the command is repeated and resumed
            log.warning("command not settled", extra={"account": account, "reason": type(error).__name__})


def _id_in_use() -> RefusedError:
    return RefusedError(409, "Этот command_id уже использован для другой команды.")
