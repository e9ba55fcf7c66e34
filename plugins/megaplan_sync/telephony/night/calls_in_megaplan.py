"""Reads the calls that Megaplan has, including duplicates.

As far as is known, Megaplan's list of calls can be neither filtered nor sorted. If it turns out to be in order of
ids, it is read from shortly before the calls in question; otherwise as a whole, a hundred calls per request.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanNotFoundError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.night.call_comparison import Card
from megaplan_sync.telephony.push.outbox import Outbox

log = logging.getLogger(__name__)

CALL_ORDER = "call_order"
"""Learned topic: whether the list of calls is in order of ids (``id``) or not (``none``)."""
_HIGHEST_ID = 10**18


class OutOfOrderError(Exception):
    """The list is not in order of ids. Never leaves this module."""


class CallsInMegaplan:
    """Reads the calls of one account.

    :param outbox: remembers the order of the account's list
    """

    def __init__(self, hook: MegaplanHook, connection: Connection[Any], outbox: Outbox) -> None:
        self._hook = hook
        self._connection = connection
        self._outbox = outbox

    def read(self, call_info_ids: Iterable[str]) -> dict[str, list[Card]]:
        """Return calls by ``providerId``: all, or at least those created since the oldest of the given ones.

        :param call_info_ids: Megaplan's ids of the calls in question, as far as they are known
        """
        if self._outbox.learned(CALL_ORDER) != "none":
            after = self._call_before(call_info_ids)
            if after is not None:
                try:
                    return self._read_pages(after)
                except OutOfOrderError:
                    log.info(
                        "%s: the list of calls is not in order of ids; all of it is read", self._hook.account
                    )
                    self._outbox.learn(CALL_ORDER, "none")
        return self._read_pages(None)

    def find(self, provider_id: str) -> Card | None:
        """Return the call with this ``providerId``; None if Megaplan has none."""
        try:
            return self._hook.call_info_by_provider(provider_id)
        except MegaplanNotFoundError:
            return None

    def _read_pages(self, after: str | None) -> dict[str, list[Card]]:
        found: dict[str, list[Card]] = defaultdict(list)
        last = None if after is None else int(after)
        for page in self._hook.call_infos(after):
            for card in page.items:
                if last is not None:
                    if _number(card) <= last:
                        raise OutOfOrderError
                    last = _number(card)
                if card.get("providerId") is not None:
                    found[str(card["providerId"])].append(card)
        return dict(found)

    def _call_before(self, call_info_ids: Iterable[str]) -> str | None:
        numbers = [int(id) for id in call_info_ids if id.isdecimal()]
        parameters = {"account": self._hook.account, "before": min(numbers, default=_HIGHEST_ID)}
        row = self._connection.execute(read_sql("select_call_before"), parameters).fetchone()
        return None if row is None else str(row[0])


def _number(card: Card) -> int:
    text = str(card["id"])
    return int(text) if text.isdecimal() else -1
