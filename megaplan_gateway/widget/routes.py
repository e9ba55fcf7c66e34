"""``/{account}/{key}/widget/…``: what the widget asks for. The contract is docs/widget-contract.md."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from psycopg import Error
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from megaplan_gateway.http.authentication import guarded_route
from megaplan_gateway.http.refusals import RefusedError, json_response
from megaplan_gateway.http.request_body import Incoming
from megaplan_gateway.service import Gateway
from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_gateway.widget.calls_in_progress import CallsGoingOn, PartInCall
from megaplan_gateway.widget.click_to_call import ClickToCall
from megaplan_gateway.widget.command import Command, CommandRow, CommandTable, Outcome
from megaplan_gateway.widget.command_executor import CommandDesk
from megaplan_gateway.widget.cross_origin import check_origin, preflight, with_cors
from megaplan_gateway.widget.do_not_disturb import DoNotDisturb
from megaplan_gateway.widget.hang_up import check_own_call, hang_up
from megaplan_gateway.widget.installer import WidgetInstaller
from megaplan_gateway.widget.per_minute import PerMinute
from megaplan_gateway.widget.status_poll import StatusPoll
from megaplan_gateway.widget.user_signatures import UserSigns
from megaplan_gateway.widget.users import TelephonyUser, UserTable
from megaplan_sync.kernel.phones import phone_e164

COMMANDS_PER_MINUTE = 60
"""Of one employee: each may cost the account's points at UIS."""
_COMMAND_ID = re.compile(r"[0-9A-Za-z-]{16,64}")
_LONGEST_PHONE = 100
_BIGGEST_ID = 2**63 - 1
_ASK_AGAIN_SECONDS = {True: 1.5, False: 3.0}

Answering = Callable[["_Asked"], Awaitable[Response]]


class _Asked:
    """A request of a widget, with whoever sits before it."""

    def __init__(self, incoming: Incoming, uis: LiveUis, user: TelephonyUser) -> None:
        self.incoming = incoming
        self.account = incoming.account.name
        self.uis = uis
        self.user = user


class WidgetRoutes:
    """The routes, and what runs in the background for them."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._signs = UserSigns()
        self._commands_sent = PerMinute(COMMANDS_PER_MINUTE)
        self._users = UserTable(gateway.pool)
        self._table = CommandTable(gateway.pool)
        self._desk = CommandDesk(self._table)
        self._calls = CallsGoingOn(gateway.pool)
        self._click = ClickToCall(self._table)
        self._quiet = DoNotDisturb(self._table, self._users)
        self._installer = WidgetInstaller(gateway)
        self._poll = StatusPoll(gateway, self._users, self._table)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            self._route("/widget/state", self.state, "GET"),
            self._route("/widget/call", self.call, "POST"),
            self._route("/widget/hang-up", self.hang_up, "POST"),
            self._route("/widget/do-not-disturb", self.do_not_disturb, "POST"),
        ]

    def start(self) -> None:
        """Begin to keep the widget in Megaplan and the statuses here up to date."""
        self._gateway.start(self._installer.run())
        self._gateway.start(self._poll.run())

    # -- the routes

    async def state(self, asked: _Asked) -> Response:
        """Tell an employee's status and calls."""
        self._poll.watch(asked.account)
        user = asked.user
        parts = await self._calls.of(asked.account, user)
        state = {
            "internal_number": user.internal_number,
            "do_not_disturb": user.do_not_disturb,
            "status": user.status,
            "calls": [_call_json(part) for part in parts],
            "poll_after_seconds": _ASK_AGAIN_SECONDS[bool(parts)],
        }
        return json_response(state)

    async def call(self, asked: _Asked) -> Response:
        """Begin a call."""
        body = _body(asked)
        typed = body.get("phone")
        phone = (
            phone_e164(typed, _region(asked))
            if isinstance(typed, str) and len(typed) <= _LONGEST_PHONE
            else None
        )
        if phone is None:
            raise RefusedError(422, "Это не похоже на номер телефона.")
        command = Command(asked.account, _command_id(body), asked.user.employee_id, "call", phone=phone)
        row = await self._desk.carry_out(
            command,
            lambda: self._click.start(asked.uis, asked.user, command),
            lambda left: self._click.look(asked.uis, left),
        )
        return _answer(row)

    async def hang_up(self, asked: _Asked) -> Response:
        """End a call of this very employee."""
        body = _body(asked)
        session = _session(body.get("call_session_id"))
        user = asked.user
        command = Command(
            asked.account, _command_id(body), user.employee_id, "hang_up", call_session_id=session
        )
        if await self._desk.known(command) is None:
            seems_own = await self._calls.is_own(asked.account, user, session)
            await check_own_call(asked.uis, user, session, seems_own)

        async def act() -> Outcome:
            return await hang_up(asked.uis, session)

        return _answer(await self._desk.carry_out(command, act, lambda _: act()))

    async def do_not_disturb(self, asked: _Asked) -> Response:
        """Switch do-not-disturb on or off."""
        body = _body(asked)
        value = body.get("value")
        if not isinstance(value, bool):
            raise RefusedError(422, "value: нужно true или false.")
        command = Command(
            asked.account, _command_id(body), asked.user.employee_id, "do_not_disturb", value=value
        )
        statuses = self._poll.statuses(asked.account, asked.uis)

        async def act() -> Outcome:
            return await self._quiet.set(asked.uis, statuses, asked.user, command)

        return _answer(await self._desk.carry_out(command, act, lambda _: act()))

    # -- who may ask

    def _route(self, path: str, answering: Answering, method: str) -> Route:
        async def handle(incoming: Incoming) -> Response:
            check_origin(incoming.request, incoming.account.settings)
            if incoming.request.method == "OPTIONS":
                return preflight()
            with _postgres_may_be_away():
                return await answering(await self._asked(incoming))

        inner = guarded_route(self._gateway, path, "widget", handle, (method, "OPTIONS"))

        async def endpoint(request: Request) -> Response:
            response: Response = await inner.endpoint(request)
            account = self._gateway.accounts.get(request.path_params["account"])
            if account is not None and response.status_code != 404:  # 404: the key was wrong
                with_cors(response, account.settings)
            return response

        return Route(inner.path, endpoint, methods=list(inner.methods or ()), name=inner.name)

    async def _asked(self, incoming: Incoming) -> _Asked:
        account = incoming.account
        if account.uis is None:
            raise RefusedError(403, "Телефония в этом подключении выключена: обратитесь к администратору.")
        employee_id = await self._signs.employee(account, incoming.request.headers.get("x-user-sign"))
        user = await self._users.user(account.name, employee_id)
        if user is None:
            told = "У вас нет внутреннего номера в телефонии: обратитесь к администратору."
            raise RefusedError(403, told)
        if incoming.request.method == "POST":
            sender = (account.name, employee_id)
            if self._commands_sent.is_used_up(sender):
                raise RefusedError(429, "Слишком много команд: подождите минуту.", retry_after=60)
            self._commands_sent.count(sender)
        return _Asked(incoming, account.uis, user)


@contextmanager
def _postgres_may_be_away() -> Iterator[None]:
    try:
        yield
    except (Error, OSError):
        raise RefusedError(
            503, "Сервер телефонии перезапускается: попробуйте ещё раз.", retry_after=2
        ) from None


def _body(asked: _Asked) -> dict[str, Any]:
    try:
        body = orjson.loads(asked.incoming.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(400, "Команда должна быть объектом JSON.")
    return body


def _command_id(body: dict[str, Any]) -> str:
    given = body.get("command_id")
    if not isinstance(given, str) or not _COMMAND_ID.fullmatch(given):
        raise RefusedError(422, "command_id: нужны от 16 до 64 латинских букв, цифр или дефисов.")
    return given


def _session(given: Any) -> int:
    text = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not re.fullmatch(r"[1-9][0-9]{0,18}", text) or int(text) > _BIGGEST_ID:
        raise RefusedError(422, "call_session_id: нужен номер звонка.")
    return int(text)


def _region(asked: _Asked) -> str:
    return asked.incoming.account.settings.vendor_quirks.default_phone_region


def _answer(row: CommandRow) -> Response:
    told = row.told or "Ещё выполняется…"
    session = None if row.call_session_id is None else str(row.call_session_id)
    answer = {"command_id": row.command_id, "state": row.state, "told": told, "call_session_id": session}
    return json_response(answer, 202 if row.state == "working" else 200)


def _call_json(part: PartInCall) -> dict[str, Any]:
    told = "Разговор:" if part.is_connected else "Входящий звонок:" if part.direction == "in" else "Набираем:"
    return {
        "call_session_id": str(part.call_session_id),
        "direction": part.direction,
        "phone": _shown(part.phone),
        "state": "connected" if part.is_connected else "ringing",
        "told": told,
        "can_hang_up": part.is_connected or part.direction == "out",
    }


def _shown(phone: str | None) -> str | None:
    """Return a number as people read it; a colleague's internal number, or a word for none, stays as it is."""
    return f"+{phone}" if phone is not None and re.fullmatch(r"[1-9][0-9]{9,14}", phone) else phone
