"""Carries out commands: each once, however often it comes, across restarts too."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from psycopg import Error

from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.widget.command import Command, CommandRow, CommandTable, Outcome
from megaplan_gateway.widget.error_messages import error_name, told_of
from uis_hook.exceptions import UisError

log = logging.getLogger(__name__)

ANSWER_WITHIN_SECONDS = 8.0
_LOOK_SECONDS = 0.2
ABANDONED_SECONDS = 30.0
"""A command taken up so long ago that nobody works on is one whose gateway was killed: no work takes longer."""

Act = Callable[[], Awaitable[Outcome]]


class CommandDesk:
    """Takes commands in, lets them be carried out, and answers with what became of them."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def carry_out(
        self, command: Command, act: Act, resume: Callable[[str], Awaitable[Outcome]]
    ) -> CommandRow:
        """Return the row of a command, settled if that does not take long.

        :param act: does it; called once for each command
        :param resume: finds out, or does, what was left open by a gateway that is no more; told the id
        :raises RefusedError: 409, the id is that of another command, or another number is just being called
        """
        for _ in range(2):
            row, is_new = await self._table.take(command)
            if row is None:
                continue
            key = (command.account, row.command_id)
            if is_new:
                self._start(key, act)
            elif row.command_id == command.command_id and not row.is_of(command):
                raise RefusedError(409, "Этот номер команды уже использован для другой команды.")
            elif row.state == "working" and key not in self._running and row.age_seconds > ABANDONED_SECONDS:
                self._start(key, partial(resume, row.command_id))
            settled = await self._wait(row, key)
            if settled.command_id == command.command_id or settled.phone == command.phone:
                return settled
            if settled.state == "working":
                raise RefusedError(
                    409, "Предыдущий звонок ещё набирается: подождите несколько секунд.", retry_after=2
                )
        raise RefusedError(503, "Команда не принята: попробуйте ещё раз.", retry_after=1)

    async def known(self, command: Command) -> CommandRow | None:
        """Return the row of a command that came before.

        :raises RefusedError: 409, the id is that of another command
        """
        row = await self._table.row(command)
        if row is not None and not row.is_of(command):
            raise RefusedError(409, "Этот номер команды уже использован для другой команды.")
        return row

    async def _wait(self, row: CommandRow, key: tuple[str, str]) -> CommandRow:
        """Return a row once it is settled, or as it is when that takes too long."""
        own = Command(key[0], row.command_id, row.employee_id, row.kind)
        until = time.monotonic() + ANSWER_WITHIN_SECONDS
        while row.state == "working" and (left := until - time.monotonic()) > 0:
            task = self._running.get(key)
            if task is not None:
                await asyncio.wait({task}, timeout=left)
            else:  # just taken up by another request, or at work in another process
                await asyncio.sleep(_LOOK_SECONDS)
            row = await self._table.row(own) or row
        return row

    def _start(self, key: tuple[str, str], act: Act) -> None:
        # not bound to the request: whoever goes away meanwhile must not stop a call half-way
        task = asyncio.create_task(self._run(key, act))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))

    async def _run(self, key: tuple[str, str], act: Act) -> None:
        account, command_id = key
        try:
            outcome = await act()
        except UisError as error:
            log.warning("command refused", extra={"account": account, "reason": error_name(error)})
            outcome = Outcome("failed", told_of(error), error_name(error))
        except Exception as error:
            log.exception("command failed", extra={"account": account})
            outcome = Outcome(
                "unknown", "Что-то пошло не так: обратитесь к администратору.", type(error).__name__
            )
        try:
            await self._table.settle(account, command_id, outcome)
        except (Error, OSError) as error:
            # the row stays as it is: whoever repeats the command lets it be looked into
            log.warning("command not settled", extra={"account": account, "reason": type(error).__name__})
