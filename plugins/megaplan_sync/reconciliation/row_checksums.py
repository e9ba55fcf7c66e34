"""Remembers which rows an audit has verified, so that the next night makes only the others anew.

A seal is a hash of everything that an audit compares in a row and in its parts: payload, content hash, typed columns.
Postgres computes it, faster than rows can be made anew. A row changed by hand, by a sync, or by a
part that came, went or changed does not fit its seal any more; nor does any row once the rules are different. A lost
seal costs nothing but time.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import orjson
import phonenumbers
from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql

_ROWS_COMPARED_AT_ONCE = 5000
_ROWS_MADE_ANEW_AT_ONCE = 1000
_RULES = (
    "kernel/json_text",
    "kernel/phones",
    "kernel/values",
    "raw/canonical",
    "raw/flatten",
    "raw/page_writers",
    "raw/rows",
)
"""Modules that decide what a row looks like."""

_SELECT_NEXT_IDS = {"deals": "select_next_ids_of_deals", "contacts": "select_next_ids_of_contacts"}
_FIND_BROKEN = {"deals": "find_broken_seals_of_deals", "contacts": "find_broken_seals_of_contacts"}
_SELECT_SEALS = {"deals": "select_seals_of_deals", "contacts": "select_seals_of_contacts"}
FIND_DIFFERING = {"deals": "find_differing_deals", "contacts": "find_differing_contacts"}
"""Statement that compares columns and children with staged ones."""

Seals = dict[int, int]
"""Seals by the ids of their rows."""


class RowSeals:
    """The seals of one account's deals or contacts.

    :param phone_region: national phone numbers are read as those of this region
    """

    def __init__(self, connection: Connection[Any], account: str, entity: str, *, phone_region: str) -> None:
        self._connection = connection
        self._entity = entity
        self._of = {"account": account, "rules": rules(entity, phone_region)}

    def unverified(self) -> Iterator[list[int]]:
        """Yield the ids of present rows that are not, by their seal, as an audit has verified them."""
        after: int = -(2**63)
        while True:
            found, sealed = self._execute(_SELECT_NEXT_IDS, after=after, rows=_ROWS_COMPARED_AT_ONCE)[0]
            if found is None:
                return
            intact: set[int] = set(sealed or ())
            if intact:
                intact -= {identity for (identity,) in self._execute(_FIND_BROKEN, ids=sealed)}
            unverified = sorted(identity for identity in found if identity not in intact)
            for start in range(0, len(unverified), _ROWS_MADE_ANEW_AT_ONCE):
                yield unverified[start : start + _ROWS_MADE_ANEW_AT_ONCE]
            after = max(found)

    def of(self, ids: Sequence[int]) -> Seals:
        """Return the seals of rows as the caller's transaction sees them."""
        return dict(self._execute(_SELECT_SEALS, ids=list(ids))) if ids else {}

    def save(self, seals: Seals) -> None:
        """Remember rows that were verified."""
        if seals:
            values = {"entity": self._entity, "ids": list(seals), "seals": list(seals.values())}
            self._connection.execute(read_sql("save_row_seals"), {**self._of, **values})

    def _execute(self, statements: Mapping[str, str], **values: Any) -> list[Any]:
        with self._connection.transaction():
            self._connection.execute(read_sql("prefer_indexes"))
            return self._connection.execute(
                read_sql(statements[self._entity]), {**self._of, **values}
            ).fetchall()


@cache
def rules(entity: str, phone_region: str) -> int:
    """Return a number that changes with whatever decides how a row is made of its payload.

    It is taken from the code itself: a version number would have to be thought of with each change.
    """
    told = sha256(f"{entity} {phone_region} {phonenumbers.__version__} {orjson.__version__}".encode())
    for module in _RULES:
        told.update((files("megaplan_sync") / f"{module}.py").read_bytes())
    told.update(read_sql(FIND_DIFFERING[entity]).encode())
    return int.from_bytes(told.digest()[:8], signed=True)
