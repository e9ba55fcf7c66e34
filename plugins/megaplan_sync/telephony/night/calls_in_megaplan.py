"""Reads which calls Megaplan has, and which of them twice.

Megaplan's list of calls can be neither filtered nor sorted, as far as is known. Where its internal order turns out
to go by id, it is read from shortly before the calls in question; otherwise as a whole, a hundred calls a request.
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
"""What is learned: whether the list of calls goes by id (``id``) or not (``none``)."""
_HIGHEST_ID = 10**18


class OutOfOrderError(Exception):
    """The list does not go by id. Never leaves this module."""


class CallsInMegaplan:
    """One reading of an account's calls.

    :param outbox: remembers how the account orders its list
    """

    def __init__(self, hook: MegaplanHook, connection: Connection[Any], outbox: Outbox) -> None:
        self._hook = hook
        self._connection = connection
        self._outbox = outbox

    def read(self, call_info_ids: Iterable[str]) -> dict[str, list[Card]]:
        """Return calls by ``providerId``: all, or at least those made since the oldest of some was made.

        :param call_info_ids: Megaplan's ids of the calls in question, as far as the outbox knows them
        """
        if self._outbox.learned(CALL_ORDER) != "none":
            behind = self._call_before(call_info_ids)
            if behind is not None:
                try:
                    return self._walk(behind)
                except OutOfOrderError:
                    log.info("%s: the list of calls does not go by id; it is read whole", self._hook.account)
                    self._outbox.learn(CALL_ORDER, "none")
        return self._walk(None)

    def look(self, provider_id: str) -> Card | None:
        """Ask for one call by the exchange's own id; None: Megaplan has none."""
        try:
            return self._hook.call_info_by_provider(provider_id)
        except MegaplanNotFoundError:
            return None

    def _walk(self, behind: str | None) -> dict[str, list[Card]]:
        found: dict[str, list[Card]] = defaultdict(list)
        last = None if behind is None else int(behind)
        for page in self._hook.call_infos(behind):
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
        asked = {"account": self._hook.account, "before": min(numbers, default=_HIGHEST_ID)}
        row = self._connection.execute(read_sql("select_call_before"), asked).fetchone()
        return None if row is None else str(row[0])


def _number(card: Card) -> int:
    text = str(card["id"])
    return int(text) if text.isdecimal() else -1
