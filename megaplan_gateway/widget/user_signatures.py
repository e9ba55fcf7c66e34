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
from megaplan_gateway.http.rate_limits import HOUR, MINUTE, SlidingWindow
from megaplan_gateway.http.refusals import RefusedError
from megaplan_gateway.vendors.live_budget import BudgetSpentError
from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.query import path_id
from megaplan_sync.kernel.values import boolean, identifier
from megaplan_sync.telephony.push.exceptions import is_refusal

log = logging.getLogger(__name__)

REJECTED_SECONDS = 60.0
CACHE_SIZE = 5000
UNKNOWN_PER_MINUTE = 20
"""Signatures that one address may have verified in vain per minute."""
UNKNOWN_SHARE = 0.05
"""Share of the account's hourly requests that may be spent on signatures that turn out to be wrong."""
BACKOFF_SECONDS = 5.0
"""How long no signature is verified after Megaplan failed, since every widget polls every few seconds."""
_TIMEOUT = 5.0
_SIGNATURE = re.compile(r"[\x21-\x7e]{1,500}")

_Key = tuple[str, bytes]


class _Cache:
    """Values with an expiry, the most recently added ones."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._values: OrderedDict[_Key, tuple[int, float]] = OrderedDict()

    def add(self, key: _Key, value: int, seconds: float) -> None:
        self._values[key] = (value, self._clock() + seconds)
        self._values.move_to_end(key)
        while len(self._values) > CACHE_SIZE:
            self._values.popitem(last=False)

    def get(self, key: _Key) -> int | None:
        value, expires_at = self._values.get(key, (None, 0.0))
        return value if self._clock() < expires_at else None

    def has_had(self, key: _Key) -> bool:
        return key in self._values


class UserSignatures:
    """Caches Megaplan's verdict on each signature, by its digest.

    A new signature costs a request of the account. So attempts are counted before Megaplan is asked, and given back
    if the signature is right: an address may make ``UNKNOWN_PER_MINUTE`` wrong ones, all addresses together
    ``UNKNOWN_SHARE`` of the hour. Signatures that were right before are always verified again.

    :param clock: monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._right = _Cache(clock)
        self._wrong = _Cache(clock)
        self._locks: dict[_Key, asyncio.Lock] = {}
        self._by_address = SlidingWindow(MINUTE, clock)
        self._by_account = SlidingWindow(HOUR, clock)
        self._backoff_until: dict[str, float] = {}

    async def employee_id(self, account: Account, signature: str | None, address: str) -> int:
        """Return the id of the employee to whom a signature belongs.

        :param address: of the browser
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
                employee_id = await self._cached(account, signature, key, address)
        finally:
            if not lock.locked():
                self._locks.pop(key, None)
        if employee_id is None:
            raise _wrong_signature()
        return employee_id

    async def _cached(self, account: Account, signature: str, key: _Key, address: str) -> int | None:
        known = self._right.get(key)
        if known is not None:
            return known
        if self._wrong.get(key) is not None:
            return None
        uuid = account.settings.application_uuid
        if not uuid:
            raise RefusedError(
                403, "В подключении не указано приложение Мегаплана. Обратитесь к администратору."
            )
        if self._clock() < self._backoff_until.get(account.name, 0.0):
            raise _unverified()
        is_new = not self._right.has_had(key)
        if is_new:
            self._count(account, address)
        employee_id = await self._verify(account, uuid, signature)
        if employee_id is None:
            self._wrong.add(key, 0, REJECTED_SECONDS)
            return None
        self._right.add(key, employee_id, account.settings.vendor_quirks.widget_sign_seconds)
        if is_new:
            self._by_address.give_back((account.name, address))
            self._by_account.give_back(account.name)
        return employee_id

    def _count(self, account: Account, address: str) -> None:
        """Count an attempt before Megaplan is asked, so that concurrent ones are limited too.

        :raises RefusedError: 429
        """
        if not self._by_address.try_acquire((account.name, address), UNKNOWN_PER_MINUTE):
            raise RefusedError(429, "Слишком много неудачных проверок. Подождите минуту.", retry_after=60)
        share = max(UNKNOWN_PER_MINUTE, int(UNKNOWN_SHARE * account.settings.requests_per_hour))
        if not self._by_account.try_acquire(account.name, share):
            self._by_address.give_back((account.name, address))
            log.warning("too many wrong signatures", extra={"account": account.name})
            raise RefusedError(429, "Слишком много неудачных проверок. Попробуйте позже.", retry_after=600)

    async def _verify(self, account: Account, uuid: str, signature: str) -> int | None:
        path = f"/integration/{path_id(uuid)}/checkUserSign/{path_id(signature)}"
        try:
            answer = await account.megaplan.request("GET", path, timeout=_TIMEOUT)
        except (MegaplanError, BudgetSpentError) as error:
            if isinstance(error, MegaplanError) and is_refusal(error):
                # Megaplan does not document which error a wrong signature gets
                log.info(
                    "signature rejected", extra={"account": account.name, "reason": type(error).__name__}
                )
                return None
            if isinstance(error, MegaplanError):
                self._backoff_until[account.name] = self._clock() + BACKOFF_SECONDS
            raise _unverified() from None
        return _working_employee(answer.data)


def _working_employee(data: Any) -> int | None:
    if not isinstance(data, dict) or data.get("contentType", "Employee") != "Employee":
        return None
    return None if boolean(data.get("isWorking")) is False else identifier(data.get("id"))


def _unverified() -> RefusedError:
    message = "Мегаплан не подтвердил, кто вы. Попробуйте через минуту."
    return RefusedError(503, message, retry_after=10)


def _wrong_signature() -> RefusedError:
    return RefusedError(403, "Мегаплан не узнал вас. Обновите страницу.")
