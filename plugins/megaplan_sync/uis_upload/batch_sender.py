"""Sends batches of which UIS takes all or nothing, and finds the one that is to blame.

A refused request costs no points. So whoever the error's field points at is sent alone, to be sure: refused again,
it is to blame and the rest goes on without it; taken, the field means something else, and halving finds the one to
blame.
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

    :param send: sends a batch; raises UisValidationError when it is refused
    :param refused: told of an item that is refused alone; returns it mended, or None to give it up
    :param records_of: how many records an item is in the request
    :param ext_id_of: an item's id, by which UIS's text may name it
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
        self._is_misled = False

    def deliver(self, items: Sequence[Item]) -> None:
        """Send a batch, and give up what is refused of it.

        :raises UisError: whatever else goes wrong
        """
        while items:
            try:
                self._send(items)
                return
            except UisValidationError as refusal:
                if len(items) == 1:
                    mended = self._refused(items[0], refusal)
                    items = [] if mended is None else [mended]
                    continue
                place = None if self._is_misled else self._place(items, refusal)
            if place is None:
                middle = len(items) // 2
                self.deliver(items[:middle])
                items = items[middle:]
            else:
                items = [*items[:place], *self._alone(items[place]), *items[place + 1 :]]

    def _alone(self, suspect: Item) -> list[Item]:
        """Send one item; return it mended, if that is possible."""
        try:
            self._send([suspect])
        except UisValidationError as refusal:
            mended = self._refused(suspect, refusal)
            return [] if mended is None else [mended]
        self._is_misled = True
        return []

    def _place(self, items: Sequence[Item], refusal: UisValidationError) -> int | None:
        """Return which item the error is about; None when it does not say."""
        if found := _PLACE.search(refusal.field or ""):
            number = int(found.group(1))
            for place, item in enumerate(items):
                number -= self._records_of(item)
                if number < 0:
                    return place
        named = [
            place
            for place, item in enumerate(items)
            if re.search(rf"(?<![\w-]){re.escape(self._ext_id_of(item))}(?![\w-])", refusal.told)
        ]
        return named[0] if len(named) == 1 else None
