"""Sends batches that UIS accepts or refuses as a whole, and finds the item that causes a refusal.

Refused requests cost no points. So the item that the error's field points at is sent alone first: if it is refused
again, it is the cause, and the rest is sent without it; if it is accepted, the field is misleading, and bisection
finds the cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from uis_hook.exceptions import UisValidationError

Item = TypeVar("Item")
_PLACE = re.compile(r"(?:^|[.\]])(?:deals|contacts)\D{0,2}(\d+)")


class BatchSender(Generic[Item]):
    """Delivers items in batches.

    :param send: sends a batch; raises UisValidationError if it is refused
    :param refused: called with an item that is refused alone; returns a repaired item, or None to give up
    :param records_of: returns the number of records that an item takes in a request
    :param ext_id_of: returns an item's id, which UIS's message may contain
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], None],
        refused: Callable[[Item, UisValidationError], Item | None],
        records_of: Callable[[Item], int],
        ext_id_of: Callable[[Item], str],
    ) -> None:
        self._send = send
        self._refused = refused
        self._records_of = records_of
        self._ext_id_of = ext_id_of
        self._field_misleads = False

    def deliver(self, items: Sequence[Item]) -> None:
        """Send a batch without the items that are refused.

        :raises UisError: on any error but a refusal
        """
        while items:
            try:
                self._send(items)
                return
            except UisValidationError as refusal:
                if len(items) == 1:
                    repaired = self._refused(items[0], refusal)
                    items = [] if repaired is None else [repaired]
                    continue
                place = None if self._field_misleads else self._place(items, refusal)
            if place is None:
                middle = len(items) // 2
                self.deliver(items[:middle])
                items = items[middle:]
            else:
                items = [*items[:place], *self._send_alone(items[place]), *items[place + 1 :]]

    def _send_alone(self, suspect: Item) -> list[Item]:
        """Send one item; return the repaired item if it is refused and can be repaired."""
        try:
            self._send([suspect])
        except UisValidationError as refusal:
            repaired = self._refused(suspect, refusal)
            return [] if repaired is None else [repaired]
        self._field_misleads = True
        return []

    def _place(self, items: Sequence[Item], refusal: UisValidationError) -> int | None:
        """Return the position of the item that the error is about; None if it does not say."""
        if found := _PLACE.search(refusal.field or ""):
            number = int(found.group(1))
            for place, item in enumerate(items):
                number -= self._records_of(item)
                if number < 0:
                    return place
        named = [
            place
            for place, item in enumerate(items)
            if re.search(rf"(?<![\w-]){re.escape(self._ext_id_of(item))}(?![\w-])", refusal.message)
        ]
        return named[0] if len(named) == 1 else None
