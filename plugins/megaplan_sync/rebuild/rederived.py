"""Makes rows anew from stored payloads, and tells which payloads are to be believed.

A payload whose hash is not the stored one was changed here by hand, or the hash was: then only Megaplan knows, and
the row is left for ``megaplan_reconciliation``. Rebuilding it would give changes made by hand the look of Megaplan's.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.json_text import JsonText
from megaplan_sync.raw.canonical import Entity

log = logging.getLogger(__name__)

NO_PAYLOAD = JsonText(b"")
"""Staged in place of a payload that is not to be written."""
_MOST_IDS_TOLD = 10

Row = tuple[Any, ...]


class StoredRow(NamedTuple):
    """What stands in a raw table."""

    id: int
    payload: str
    content_hash: str
    is_deleted: bool


class MadeAnew(NamedTuple):
    """What its payload says: the row and the rows of its parts. ``row`` is one of ``megaplan_sync.raw.rows``."""

    row: Any
    parts: Sequence[Any] = ()
    is_deleted: bool = False

    def without_payload(self) -> Row:
        """Return the row to be staged where the payload stays as it is."""
        return tuple(self.row._replace(payload=NO_PAYLOAD))


def made_anew(
    identity: int, payload: str, content_hash: str, make: Callable[[Entity], MadeAnew]
) -> MadeAnew | None:
    """Return what the payload says, None where it is not to be believed."""
    try:
        made = make(orjson.loads(payload))
    except Exception as error:  # whatever somebody wrote into the payload by hand
        log.warning("The payload of %d cannot be read (%r)", identity, error)
        return None
    if made.row.content_hash != content_hash or made.row.id != identity:
        return None
    return made


def sort_out(
    what: str, stored: Sequence[StoredRow], make: Callable[[Entity], MadeAnew]
) -> tuple[list[MadeAnew], list[int]]:
    """Return what the payloads say that are to be believed, and the ids of the others."""
    believed: list[MadeAnew] = []
    left: list[int] = []
    for row in stored:
        made = made_anew(row.id, row.payload, row.content_hash, make)
        if made is None:
            left.append(row.id)
        else:
            believed.append(made._replace(is_deleted=row.is_deleted))
    tell_left(what, left)
    return believed, left


def tell_left(what: str, left: Sequence[int | RowKey | str]) -> None:
    """Log which rows are left as they are."""
    if left:
        log.warning(
            "%s: %d rows are left as they are, their payload does not fit its hash: %s%s",
            what, len(left), ", ".join(map(str, left[:_MOST_IDS_TOLD])), ", ..." * (len(left) > _MOST_IDS_TOLD),
        )  # fmt: skip
