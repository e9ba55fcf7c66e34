"""Writes pages of entities with their children: one statement per page, in which Postgres derives every column.

If Postgres rejects a page because of its data, the page is bisected to find the row at fault. That row is stored in
``megaplan_raw.unreadable_rows``, and all others are written.
"""

import hashlib
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from psycopg import Connection, Error

from megaplan_hook import exact_json
from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.json_text import JsonText, json_text, without_nul
from megaplan_sync.kernel.phones import phone_e164
from megaplan_sync.kernel.postgres_errors import concerns_a_row
from megaplan_sync.kernel.sql import for_table, read_sql
from megaplan_sync.kernel.values import entries
from megaplan_sync.raw.canonical import Entity, canonical_json, entity_id
from megaplan_sync.raw.entities import RawEntity

log = logging.getLogger(__name__)

_TOO_DEEP = "it is nested too deeply"
_MOST_BYTES = 32 * 1024 * 1024
"""Maximum size of the JSON in one statement."""

Sent = tuple[int, bytes]
"""An entity as sent to Postgres: id and JSON."""


class PageCounts(NamedTuple):
    """Entities of a page: read, inserted, updated, unreadable; the others were already equal."""

    read: int
    inserted: int
    updated: int
    unreadable: int = 0


@dataclass
class EntitiesWritten:
    """Rows of entities and children that a page changed, and ids of unreadable entities."""

    inserted: list[RowKey] = field(default_factory=list)
    updated: list[RowKey] = field(default_factory=list)
    children_inserted: list[RowKey] = field(default_factory=list)
    children_updated: list[RowKey] = field(default_factory=list)
    children_removed: list[RowKey] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def counts(self, read: int) -> PageCounts:
        """Return the counts of a page; ``read`` is its number of entities."""
        return PageCounts(read, len(self.inserted), len(self.updated), len(self.unreadable))

    def add(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """Add the rows that a statement returns: kind of change, and key of the row."""
        lists = {
            "inserted": self.inserted,
            "updated": self.updated,
            "child inserted": self.children_inserted,
            "child updated": self.children_updated,
            "child removed": self.children_removed,
        }
        for change, identity, part in rows:
            lists[change].append(RowKey(identity, part))


class EntityWriter:
    """Writes the entities of one raw table, in canonical form.

    :param entity: the table
    :param phone_region: ISO 3166 country code for phone numbers without an international prefix
    """

    def __init__(self, entity: RawEntity, phone_region: str = "RU") -> None:
        self.entity = entity
        self._phone_region = phone_region
        self._statement = for_table(entity.write, entity.name)
        self._find_changed = for_table("find_changed_entities", entity.name)
        self._set_aside_earlier: set[str] | None = None

    def write(
        self,
        connection: Connection[Any],
        account: str,
        entities: Sequence[Entity],
        *,
        distrusted: Collection[int] = (),
        odd: Sequence[Any] = (),
    ) -> EntitiesWritten:
        """Write one page in the caller's transaction and return what it changed.

        :param distrusted: ids whose hash and children are compared too, so that rows edited by hand are rewritten;
            others are skipped if the payload is equal
        :param odd: entries of the list that are not entities; stored as unreadable
        """
        written = EntitiesWritten()
        if self._set_aside_earlier is None:
            values = {"account": account, "entity": self.entity.name}
            found = connection.execute(read_sql("select_unreadable_ids"), values)
            self._set_aside_earlier = {identity for (identity,) in found}
        latest: dict[int, bytes] = {}
        for each in entities:
            try:
                latest[entity_id(self.entity.identified_by(each))] = canonical_json(each)
            except (TypeError, ValueError, RecursionError):
                self._set_aside(connection, account, each, _TOO_DEEP, written)
        for some in _batches(latest):
            self._write_some(connection, account, some, distrusted, written)
        readable = self._set_aside_earlier.intersection(map(str, latest)).difference(written.unreadable)
        if readable:
            gone = {"account": account, "entity": self.entity.name, "ids": list(readable)}
            connection.execute(read_sql("forget_readable_rows"), gone)
            self._set_aside_earlier -= readable
        for each in odd:
            self._set_aside(
                connection,
                account,
                each,
                "it has no content type or numeric id, is nested too deeply, or Megaplan refuses its card or stages",
                written,
            )
        return written

    def write_page(
        self, connection: Connection[Any], account: str, entities: Sequence[Entity], odd: Sequence[Any] = ()
    ) -> PageCounts:
        """Write one page like :meth:`write` and return the counts."""
        written = self.write(connection, account, entities, odd=odd)
        counts = written.counts(len(entities) + len(odd))
        if self.entity.children is None or not self.entity.children.are_entities:
            return counts
        return counts._replace(
            read=counts.read + sum(len(each["stages"]) for each in entities),
            inserted=counts.inserted + len(written.children_inserted),
            updated=counts.updated + len(written.children_updated),
        )

    def changed(self, connection: Connection[Any], account: str, entities: Sequence[Entity]) -> list[Entity]:
        """Return the entities that differ from the table; cheaper than writing equal ones.

        Call it outside a transaction, which a page that Postgres rejects would abort.
        """
        page = JsonText(b"[" + b",".join(map(canonical_json, entities)) + b"]")
        try:
            found = connection.execute(self._find_changed, {"account": account, "page": page}).fetchall()
        except Error as refusal:
            if not concerns_a_row(refusal):
                raise
            return list(entities)  # writing them finds out which one is at fault
        return [entities[place - 1] for (place,) in found]

    def differing(self, connection: Connection[Any], account: str, ids: Collection[int]) -> list[int]:
        """Return the ids of rows whose children do not match the payload."""
        children = self.entity.children
        if children is None or not children.differing:
            return []
        return [identity for identity, *_ in self._of_children(connection, children.differing, account, ids)]

    def rederive(self, connection: Connection[Any], account: str, ids: Collection[int]) -> EntitiesWritten:
        """Rederive children that do not match the payload of their parent, in the caller's transaction."""
        written = EntitiesWritten()
        if self.entity.children is not None and self.entity.children.rederive:
            rows = self._of_children(connection, self.entity.children.rederive, account, ids)
            written.add(rows)
        return written

    def _of_children(
        self, connection: Connection[Any], statement: str, account: str, ids: Collection[int]
    ) -> list[Any]:
        values: dict[str, Any] = {"account": account, "ids": list(ids), "phones": None}
        if self.entity.children is not None and self.entity.children.has_phones:
            typed = connection.execute(read_sql("select_typed_phones"), values)
            values["phones"] = self._normalised(text for (text,) in typed)
        return connection.execute(read_sql(statement), values).fetchall()

    def _write_some(
        self,
        connection: Connection[Any],
        account: str,
        some: Sequence[Sent],
        distrusted: Collection[int],
        written: EntitiesWritten,
    ) -> None:
        page = b"[" + b",".join(text for _, text in some) + b"]"
        values: dict[str, Any] = {
            "account": account,
            "page": JsonText(page),
            "distrusted": list(distrusted),
            "phones": self._phones(page),
        }
        try:
            with connection.transaction():
                rows = connection.execute(self._statement, values).fetchall()
        except Error as refusal:
            if not concerns_a_row(refusal):
                raise
            if len(some) == 1:
                reason = str(refusal).split("\n")[0]
                self._set_aside(connection, account, exact_json.loads(some[0][1]), reason, written)
                return
            middle = len(some) // 2
            self._write_some(connection, account, some[:middle], distrusted, written)
            self._write_some(connection, account, some[middle:], distrusted, written)
        else:
            written.add(rows)

    def _phones(self, page: bytes) -> JsonText | None:
        """Return the phone numbers of a page in E.164, by their original text; Postgres has no libphonenumber."""
        if self.entity.children is None or not self.entity.children.has_phones:
            return None
        typed: set[str] = set()
        for entity in orjson.loads(page):
            for point in entries(entity.get("contactInfo")):
                if isinstance(point, dict) and point.get("type") == "phone":
                    typed.update(str(point.get(key) or "") for key in ("value", "address"))
        return self._normalised(typed)

    def _normalised(self, typed: Iterable[str]) -> JsonText:
        return json_text({each: phone_e164(each, self._phone_region) for each in typed})

    def _set_aside(
        self, connection: Connection[Any], account: str, body: Any, reason: str, written: EntitiesWritten
    ) -> None:
        text = _as_text(body)
        identity = body.get("id") if isinstance(body, dict) else None
        is_short = isinstance(identity, str | int) and len(str(identity)) <= 100 and "\0" not in str(identity)
        known_as = str(identity) if is_short else f"md5 {hashlib.md5(text.encode()).hexdigest()}"
        written.unreadable.append(known_as)
        log.warning(
            "%s %s of %s cannot be stored (%s): saved in megaplan_raw.unreadable_rows",
            self.entity.name, known_as, account, reason,
        )  # fmt: skip
        connection.execute(
            read_sql("set_aside_unreadable_row"),
            {"account": account, "entity": self.entity.name, "id": known_as, "body": text, "reason": reason},
        )
        if self._set_aside_earlier is not None:
            self._set_aside_earlier.add(known_as)


def _as_text(body: Any) -> str:
    """Return JSON for people to read; of a body that is nested too deeply, what is not nested."""
    try:
        text = orjson.dumps(body)
    except (TypeError, ValueError, RecursionError):
        plain = body.items() if isinstance(body, dict) else ()
        text = orjson.dumps({key: value for key, value in plain if not isinstance(value, dict | list)})
    return without_nul(text).decode()


def _batches(entities: dict[int, bytes]) -> Iterator[list[Sent]]:
    """Yield the entities in batches that fit into one statement."""
    some: list[Sent] = []
    size = 0
    for sent in entities.items():
        if some and size + len(sent[1]) > _MOST_BYTES:
            yield some
            some, size = [], 0
        some.append(sent)
        size += len(sent[1])
    if some:
        yield some
