"""``/{account}/{key}/widget/…``: the widget's API, documented in docs/widget-contract.md."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Error
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from megaplan_gateway.database import in_time
from megaplan_gateway.http.authentication import authenticated_route
from megaplan_gateway.http.rate_limits import MINUTE, SlidingWindow
from megaplan_gateway.http.refusals import RefusedError, json_response
from megaplan_gateway.http.request_body import Incoming
from megaplan_gateway.service import Gateway
from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_gateway.widget.calls_in_progress import CallsInProgress, Participant
from megaplan_gateway.widget.click_to_call import ClickToCall
from megaplan_gateway.widget.command import Command, CommandRow, CommandTable, Outcome
from megaplan_gateway.widget.command_executor import CommandExecutor
from megaplan_gateway.widget.cross_origin import check_origin, preflight, with_cors
from megaplan_gateway.widget.do_not_disturb import DoNotDisturb
from megaplan_gateway.widget.hang_up import check_own_call, hang_up
from megaplan_gateway.widget.installer import WidgetInstaller
from megaplan_gateway.widget.status_poll import StatusPoll
from megaplan_gateway.widget.user_signatures import UserSignatures
from megaplan_gateway.widget.users import TelephonyUser, UserTable
from megaplan_sync.kernel.phones import phone_e164
from megaplan_vendor_kit.responses import read_json

COMMANDS_PER_MINUTE = 60
"""Limit per employee, since every command may cost the account UIS points."""
_COMMAND_ID = re.compile(r"[0-9A-Za-z-]{16,64}")
_MAX_PHONE_LENGTH = 100
_MAX_ID = 2**63 - 1
_POLL_SECONDS = {True: 1.5, False: 3.0}

Handler = Callable[["_Request"], Awaitable[Response]]


class _Request:
    """A request from a widget, with its authenticated employee."""

    def __init__(self, incoming: Incoming, uis: AsyncUisClient, user: TelephonyUser) -> None:
        self.incoming = incoming
        self.account = incoming.account.name
        self.uis = uis
        self.user = user
        self.region = incoming.account.settings.vendor_quirks.default_phone_region


class WidgetRoutes:
    """The widget's routes and their background tasks."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._signatures = UserSignatures()
        self._command_limit = SlidingWindow(MINUTE)
        self._users = UserTable(gateway.pool)
        self._table = CommandTable(gateway.pool)
        self._executor = CommandExecutor(self._table)
        self._calls = CallsInProgress(gateway.pool)
        self._click_to_call = ClickToCall(self._table)
        self._do_not_disturb = DoNotDisturb(self._table, self._users)
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
        """Start the widget installer and the status poll."""
        self._gateway.background.start("widgets", self._installer.run)
        self._gateway.background.start("statuses", self._poll.run)

    # -- the routes

    async def state(self, request: _Request) -> Response:
        """Return an employee's status and calls."""
        self._poll.watch(request.account)
        user = request.user
        calls = await self._calls.of(request.account, user)
        state = {
            "internal_number": user.internal_number,
            "do_not_disturb": user.do_not_disturb,
            "status": user.status,
            "calls": [_call_json(call, request.region) for call in calls],
            "poll_after_seconds": _POLL_SECONDS[bool(calls)],
        }
        return json_response(state)

    async def call(self, request: _Request) -> Response:
        """Start a call."""
        body = _body(request)
        typed = body.get("phone")
        phone = None
        if isinstance(typed, str) and len(typed) <= _MAX_PHONE_LENGTH:
            phone = phone_e164(typed, request.region)
        if phone is None:
            raise RefusedError(422, "Это не похоже на номер телефона.")
        command = Command(request.account, _command_id(body), request.user.employee_id, "call", phone=phone)
        row = await self._executor.execute(
            command,
            lambda: self._click_to_call.start(request.uis, request.user, command),
            lambda command_id: self._click_to_call.look_up(request.uis, command_id),
        )
        return _outcome(row)

    async def hang_up(self, request: _Request) -> Response:
        """End one of the employee's own calls."""
        body = _body(request)
        session = _session(body.get("call_session_id"))
        user = request.user
        command = Command(
            request.account, _command_id(body), user.employee_id, "hang_up", call_session_id=session
        )
        if await self._executor.find(command) is None:
            seems_own = await self._calls.is_own(request.account, user, session)
            await check_own_call(request.uis, user, session, seems_own)

        async def action() -> Outcome:
            return await hang_up(request.uis, session)

        return _outcome(await self._executor.execute(command, action, lambda _: action()))

    async def do_not_disturb(self, request: _Request) -> Response:
        """Switch do-not-disturb on or off."""
        body = _body(request)
        value = body.get("value")
        if not isinstance(value, bool):
            raise RefusedError(422, "value: укажите true или false.")
        command = Command(
            request.account, _command_id(body), request.user.employee_id, "do_not_disturb", value=value
        )
        statuses = self._poll.statuses(request.account, request.uis)

        async def action() -> Outcome:
            return await self._do_not_disturb.set(request.uis, statuses, request.user, command)

        return _outcome(await self._executor.execute(command, action, lambda _: action()))

    # -- authentication

    def _route(self, path: str, handler: Handler, method: str) -> Route:
        async def handle(incoming: Incoming) -> Response:
            check_origin(incoming.request, incoming.account.settings)
            if incoming.request.method == "OPTIONS":
                return preflight()
            with _postgres_errors_as_503():  # also for a Postgres that hangs: TimeoutError is an OSError
                return await in_time(self._gateway.options.widget_seconds, self._handle(incoming, handler))

        inner = authenticated_route(self._gateway, path, "widget", handle, (method, "OPTIONS"))

        async def endpoint(request: Request) -> Response:
            response: Response = await inner.endpoint(request)
            account = self._gateway.accounts.get(request.path_params["account"])
            if account is not None and response.status_code != 404:  # 404 means a wrong key
                with_cors(response, account.settings)
            return response

        return Route(inner.path, endpoint, methods=list(inner.methods or ()), name=inner.name)

    async def _handle(self, incoming: Incoming, handler: Handler) -> Response:
        return await handler(await self._authenticate(incoming))

    async def _authenticate(self, incoming: Incoming) -> _Request:
        account = incoming.account
        if account.uis is None:
            raise RefusedError(403, "Телефония отключена. Обратитесь к администратору.")
        signature = incoming.request.headers.get("x-user-sign")
        client = incoming.request.client
        address = client.host if client is not None else ""
        employee_id = await self._signatures.employee_id(account, signature, address)
        user = await self._users.user(account.name, employee_id)
        if user is None:
            raise RefusedError(403, "У вас нет внутреннего номера. Обратитесь к администратору.")
        if incoming.request.method == "POST":
            sender = (account.name, employee_id)
            if not self._command_limit.try_acquire(sender, COMMANDS_PER_MINUTE):
                raise RefusedError(429, "Слишком много команд. Подождите минуту.", retry_after=60)
        return _Request(incoming, account.uis, user)


@contextmanager
def _postgres_errors_as_503() -> Iterator[None]:
    try:
        yield
    except (Error, OSError):
        raise RefusedError(
            503, "Сервер телефонии перезапускается. Попробуйте ещё раз.", retry_after=2
        ) from None


def _body(request: _Request) -> dict[str, Any]:
    try:
        body = read_json(request.incoming.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(400, "Команда должна быть объектом JSON.")
    return body


def _command_id(body: dict[str, Any]) -> str:
    value = body.get("command_id")
    if not isinstance(value, str) or not _COMMAND_ID.fullmatch(value):
        raise RefusedError(422, "command_id: нужны от 16 до 64 латинских букв, цифр или дефисов.")
    return value


def _session(value: Any) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[1-9][0-9]{0,18}", text) or int(text) > _MAX_ID:
        raise RefusedError(422, "call_session_id: укажите номер звонка.")
    return int(text)


def _outcome(row: CommandRow) -> Response:
    outcome = {
        "command_id": row.command_id,
        "state": row.state,
        "message": row.message or "Выполняется…",
        "call_session_id": None if row.call_session_id is None else str(row.call_session_id),
    }
    return json_response(outcome, 202 if row.state == "working" else 200)


def _call_json(call: Participant, region: str) -> dict[str, Any]:
    message = "Входящий звонок:" if call.direction == "in" else "Исходящий звонок:"
    return {
        "call_session_id": str(call.call_session_id),
        "direction": call.direction,
        "phone": call.phone and (phone_e164(call.phone, region) or call.phone),
        "state": "connected" if call.is_connected else "ringing",
        "message": "Разговор:" if call.is_connected else message,
        "can_hang_up": call.is_connected or call.direction == "out",
    }
