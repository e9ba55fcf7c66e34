"""Who sits before the browser: ``userSign``, checked by Megaplan and believed for a short while."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.vendors.live_budget import BudgetSpentError
from megaplan_gateway.widget.per_minute import PerMinute
from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.query import path_id
from megaplan_sync.kernel.values import boolean, identifier
from megaplan_sync.telephony.push.exceptions import is_refusal

log = logging.getLogger(__name__)

DISBELIEVED_SECONDS = 60.0
MOST_REMEMBERED = 5000
UNKNOWN_PER_MINUTE = 20
AWAY_SECONDS = 5.0
"""After Megaplan failed, it is asked about no sign for so long: every widget asks every few seconds."""
_PATIENCE = 5.0
_SIGN = re.compile(r"[\x21-\x7e]{1,500}")

_Key = tuple[str, bytes]


class UserSigns:
    """Remembers what Megaplan said of each sign, by its digest.

    Each sign not seen before costs a request out of the account's hour, so wrong ones are not asked about without
    end: after ``UNKNOWN_PER_MINUTE`` of them everybody unknown has to wait.

    :param clock: seconds that only grow
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[_Key, tuple[int | None, float]] = OrderedDict()
        self._asking: dict[_Key, asyncio.Lock] = {}
        self._wrong = PerMinute(UNKNOWN_PER_MINUTE, clock)
        self._away_until: dict[str, float] = {}

    async def employee(self, account: Account, sign: str | None) -> int:
        """Return the id of the employee to whom a sign belongs.

        :raises RefusedError: 403 for nobody's sign; 429 and 503 when it cannot be found out now
        """
        if not sign:
            raise RefusedError(403, "Мегаплан не сообщил, кто вошёл: обновите страницу.")
        if not _SIGN.fullmatch(sign):
            raise _nobody()
        key = (account.name, hashlib.sha256(sign.encode()).digest())
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                found = await self._remembered(account, sign, key)
        finally:
            if not lock.locked():
                self._asking.pop(key, None)
        if found is None:
            raise _nobody()
        return found

    async def _remembered(self, account: Account, sign: str, key: _Key) -> int | None:
        employee, until = self._known.get(key, (None, 0.0))
        if self._clock() < until:
            return employee
        employee = await self._asked(account, sign)
        believed = account.settings.vendor_quirks.widget_sign_seconds
        seconds = DISBELIEVED_SECONDS if employee is None else believed
        self._known[key] = (employee, self._clock() + seconds)
        self._known.move_to_end(key)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return employee

    async def _asked(self, account: Account, sign: str) -> int | None:
        if self._wrong.is_used_up(account.name):
            raise RefusedError(429, "Слишком много неизвестных подписей: подождите минуту.", retry_after=60)
        uuid = account.settings.application_uuid
        if not uuid:
            raise RefusedError(
                403, "В подключении не указано приложение Мегаплана: обратитесь к администратору."
            )
        if self._clock() < self._away_until.get(account.name, 0.0):
            raise _not_confirmed()
        path = f"/integration/{path_id(uuid)}/checkUserSign/{path_id(sign)}"
        try:
            answer = await account.megaplan.request("GET", path, patience=_PATIENCE)
        except (MegaplanError, BudgetSpentError) as error:
            if isinstance(error, MegaplanError) and is_refusal(error):
                # which of its refusals a wrong sign gets is documented nowhere
                log.info("sign refused", extra={"account": account.name, "reason": type(error).__name__})
                self._wrong.count(account.name)
                return None
            self._away_until[account.name] = self._clock() + AWAY_SECONDS
            raise _not_confirmed() from None
        employee = _working_employee(answer.data)
        if employee is None:
            self._wrong.count(account.name)
        return employee


def _working_employee(data: Any) -> int | None:
    if not isinstance(data, dict) or data.get("contentType", "Employee") != "Employee":
        return None
    return None if boolean(data.get("isWorking")) is False else identifier(data.get("id"))


def _not_confirmed() -> RefusedError:
    told = "Мегаплан не подтвердил, кто вошёл: попробуйте через минуту."
    return RefusedError(503, told, retry_after=10)


def _nobody() -> RefusedError:
    return RefusedError(403, "Мегаплан не узнал вас: обновите страницу.")
