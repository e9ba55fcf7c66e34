"""Brings entities into canonical form, so that equal content has equal bytes and an equal hash.

Megaplan prints an entity in full only at its first occurrence in a response and as a bare
``{contentType, id}`` afterwards (seen in live payloads), so the same deal arrives differently as the first
and as the last of a page. In canonical form

* an embedded entity that has a raw table of its own is a bare link, wherever it stands;
* any other embedded entity (payer, offer, unit, tag, ...) is given in full, restored from its full form
  in the same response;
* keys that change by themselves, without anybody changing the entity, are left out;
* everything else, unknown keys included, stays as Megaplan sent it.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

Entity = dict[str, Any]
LinkKey = tuple[str, str]

HAS_OWN_TABLE = frozenset(
    {
        "ContractorAdvertisingWay",
        "ContractorCompany",
        "ContractorHuman",
        "ContractorType",
        "Currency",
        "Deal",
        "Department",
        "Employee",
        "Program",
        "ProgramState",
    }
)
"""Content types whose embedded forms become bare links."""

CHANGES_BY_ITSELF = frozenset(
    {
        # presence and age of people
        "isOnline", "lastOnline", "dateLastReadNews", "age", "nearestVacation",
        # what the signed-in user may do or has marked
        "rights", "responsibleRights", "possibleActions", "possibleActionsCount", "availableActions",
        "possibleTransitions", "possibleTransitionsCount", "possibleTriggers", "possibleTriggersCount",
        "possibleStatuses", "possibleStatusesCount", "editableFields", "visibleFields", "isReadable",
        "canSeeFull", "canEdit", "isFavorite", "subscribed",
        # counters and traces of conversations
        "interactionsCounters", "unreadCommentsCount", "unreadAnswer", "firstUnreadComment", "isUnread",
        "commentsCount", "hiddenCommentsCount", "commentsWithoutTransportCount", "attachesCountInComments",
        "lastComment", "lastCommentTimeCreated",
        # addresses of previews, which name the server that happened to answer
        "thumbnail",
    }
)  # fmt: skip
"""Keys left out before hash and storage (deal and employee cards, seen live and in the RAML r2510)."""


_PLAIN_VALUES = frozenset(
    {"Money", "DateOnly", "DateTime", "DateInterval", "Discount", "IntervalDates", "IntervalTime"}
)
"""Value types that hold no entity: taken as they are."""


class CanonicalPage:
    """The entities of one response in canonical form.

    :param response: everything the response carried, in document order; full forms are looked up here
    """

    def __init__(self, response: Sequence[Entity]) -> None:
        self._response = response
        self._forms: dict[LinkKey, Entity] = {}
        self._bare: list[Entity] = []

    def entities(self, items: Iterable[Entity]) -> list[Entity]:
        """Return ``items`` in canonical form, in their order.

        The results may share parts with each other: read them, do not change them.
        """
        entities = [self._root(item) for item in items]
        self._restore()
        return entities

    def _root(self, item: Entity) -> Entity:
        form = self._object(item)
        self._forms.setdefault((item["contentType"], item["id"]), form)
        return form

    def _value(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            content_type = value.get("contentType")
            if content_type in _PLAIN_VALUES:
                return value
            identity = value.get("id")
            if identity is None or content_type is None:
                return self._object(value)
            if content_type in HAS_OWN_TABLE:
                return {"contentType": content_type, "id": identity}
            if len(value) == 2:
                bare: Entity = {"contentType": content_type, "id": identity}
                self._bare.append(bare)
                return bare
            form = self._object(value)
            self._forms.setdefault((content_type, identity), form)
            return form
        if kind is list:
            return [self._value(entry) for entry in value]
        return value

    def _object(self, value: Entity) -> Entity:
        return {
            key: self._value(entry) if (kind := type(entry)) is dict or kind is list else entry
            for key, entry in value.items()
            if key not in CHANGES_BY_ITSELF
        }

    def _restore(self) -> None:
        """Fill the bare links from the full forms of the response."""
        if any((bare["contentType"], bare["id"]) not in self._forms for bare in self._bare):
            self._collect_hidden_forms()
        for bare in self._bare:
            form = self._forms.get((bare["contentType"], bare["id"]))
            if form is not None:
                bare.update(form)
        self._bare.clear()

    def _collect_hidden_forms(self) -> None:
        """Look for full forms where canonical form does not go: inside entities with their own table."""
        for entity in full_forms(self._response):
            link = (entity["contentType"], entity["id"])
            if link not in self._forms and entity["contentType"] not in HAS_OWN_TABLE:
                self._forms[link] = self._object(entity)


def full_forms(value: Any) -> Iterator[Entity]:
    """Yield every entity printed in full inside ``value``, in document order, at any depth."""
    if type(value) is dict:
        if len(value) > 2 and value.get("id") is not None and value.get("contentType") is not None:
            yield value
        for entry in value.values():
            yield from full_forms(entry)
    elif type(value) is list:
        for entry in value:
            yield from full_forms(entry)


def canonical_json(entity: Entity) -> bytes:
    """Return the canonical bytes of an entity in canonical form: sorted keys, no white space, UTF-8.

    Postgres has no place for the character U+0000; it becomes U+FFFD.
    """
    try:
        text = orjson.dumps(entity, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # restored forms that contain each other
        text = orjson.dumps(_without_circles(entity, ()), option=orjson.OPT_SORT_KEYS)
    if b"\\u0000" in text:
        text = orjson.dumps(_without_nul(orjson.loads(text)), option=orjson.OPT_SORT_KEYS)
    return text


class Content(NamedTuple):
    """What a row says of its entity as a whole."""

    payload: str
    """Canonical JSON."""
    content_hash: str
    """Hash of the payload: 32 hexadecimal digits (BLAKE2b, 128 bits)."""


def content(entity: Entity) -> Content:
    """Return payload and hash of an entity in canonical form."""
    payload = canonical_json(entity)
    return Content(payload.decode(), blake2b(payload, digest_size=16).hexdigest())


def _without_circles(value: Any, path: tuple[LinkKey, ...]) -> Any:
    if type(value) is list:
        return [_without_circles(entry, path) for entry in value]
    if type(value) is not dict:
        return value
    if value.get("id") is not None and value.get("contentType") is not None:
        link = (value["contentType"], value["id"])
        if link in path:
            return {"contentType": link[0], "id": link[1]}
        path = (*path, link)
    return {key: _without_circles(entry, path) for key, entry in value.items()}


def _without_nul(value: Any) -> Any:
    if type(value) is str:
        return value.replace("\0", "\ufffd")
    if type(value) is list:
        return [_without_nul(entry) for entry in value]
    if type(value) is dict:
        return {_without_nul(key): _without_nul(entry) for key, entry in value.items()}
    return value
