"""Identifies the employee behind a widget by ``userSign``, verified by Megaplan and cached."""

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
from megaplan_gateway.http.rate_limits import SlidingWindow
from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.vendors.live_budget import BudgetSpentError
from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.query import path_id
from megaplan_sync.kernel.values import boolean, identifier
from megaplan_sync.telephony.push.exceptions import is_refusal

log = logging.getLogger(__name__)

REJECTED_SECONDS = 60.0
CACHE_SIZE = 5000
REJECTIONS_PER_MINUTE = 20
BACKOFF_SECONDS = 5.0
"""How long no signature is verified after Megaplan failed, since every widget polls every few seconds."""
_TIMEOUT = 5.0
_SIGNATURE = re.compile(r"[\x21-\x7e]{1,500}")

_Key = tuple[str, bytes]


class UserSignatures:
    """Caches Megaplan's verdict on each signature, by its digest.

    A new signature costs a request from the account's budget. So after ``REJECTIONS_PER_MINUTE`` wrong ones, further
    new signatures are refused until the minute is over.

    :param clock: monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cache: OrderedDict[_Key, tuple[int | None, float]] = OrderedDict()
        self._locks: dict[_Key, asyncio.Lock] = {}
        self._rejections = SlidingWindow(REJECTIONS_PER_MINUTE, clock)
        self._backoff_until: dict[str, float] = {}

    async def employee_id(self, account: Account, signature: str | None) -> int:
        """Return the id of the employee to whom a signature belongs.

        :raises RefusedError: 403 if the signature is wrong, 429 or 503 if it cannot be verified now
        """
        if not signature:
            raise RefusedError(403, "Мегаплан не сообщил, кто вы. Обновите страницу.")
        if not _SIGNATURE.fullmatch(signature):
            raise _wrong_signature()
        key = (account.name, hashlib.sha256(signature.encode()).digest())
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                employee_id = await self._cached(account, signature, key)
        finally:
            if not lock.locked():
                self._locks.pop(key, None)
        if employee_id is None:
            raise _wrong_signature()
        return employee_id

    async def _cached(self, account: Account, signature: str, key: _Key) -> int | None:
        employee_id, expires_at = self._cache.get(key, (None, 0.0))
        if self._clock() < expires_at:
            return employee_id
        employee_id = await self._verify(account, signature)
        valid_seconds = account.settings.vendor_quirks.widget_sign_seconds
        seconds = REJECTED_SECONDS if employee_id is None else valid_seconds
        self._cache[key] = (employee_id, self._clock() + seconds)
        self._cache.move_to_end(key)
        while len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return employee_id

    async def _verify(self, account: Account, signature: str) -> int | None:
        if self._rejections.is_exhausted(account.name):
            raise RefusedError(429, "Слишком много неудачных проверок. Подождите минуту.", retry_after=60)
        uuid = account.settings.application_uuid
        if not uuid:
            raise RefusedError(
                403, "В подключении не указано приложение Мегаплана. Обратитесь к администратору."
            )
        if self._clock() < self._backoff_until.get(account.name, 0.0):
            raise _unverified()
        path = f"/integration/{path_id(uuid)}/checkUserSign/{path_id(signature)}"
        try:
            answer = await account.megaplan.request("GET", path, timeout=_TIMEOUT)
        except (MegaplanError, BudgetSpentError) as error:
            if isinstance(error, MegaplanError) and is_refusal(error):
                # Megaplan does not document which error a wrong signature gets
                log.info(
                    "signature rejected", extra={"account": account.name, "reason": type(error).__name__}
                )
                self._rejections.count(account.name)
                return None
            self._backoff_until[account.name] = self._clock() + BACKOFF_SECONDS
            raise _unverified() from None
        employee_id = _working_employee(answer.data)
        if employee_id is None:
            self._rejections.count(account.name)
        return employee_id


def _working_employee(data: Any) -> int | None:
    if not isinstance(data, dict) or data.get("contentType", "Employee") != "Employee":
        return None
    return None if boolean(data.get("isWorking")) is False else identifier(data.get("id"))


def _unverified() -> RefusedError:
    message = "Мегаплан не подтвердил, кто вы. Попробуйте через минуту."
    return RefusedError(503, message, retry_after=10)


def _wrong_signature() -> RefusedError:
    return RefusedError(403, "Мегаплан не узнал вас. Обновите страницу.")
