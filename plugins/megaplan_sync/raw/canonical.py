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

from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from megaplan_sync.kernel.json_text import JsonText

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
    """Brings the entities of one response into canonical form, in place: copying would take twice the time.

    :param response: everything the response carried; full forms that ``items`` do not hold are looked up here
    """

    def __init__(self, response: Iterable[Entity] = ()) -> None:
        self._response = response
        self._forms: dict[LinkKey, Entity] = {}
        self._bare: list[Entity] = []
        self._set_aside: list[Entity] = []

    def bring(self, items: Iterable[Entity]) -> None:
        """Change ``items``, entities of the response in document order, into canonical form.

        They may share parts with each other afterwards: read them, do not change them.
        """
        for item in items:
            self._tidy(item)
            self._forms.setdefault((item["contentType"], item["id"]), item)
        if any((bare["contentType"], bare["id"]) not in self._forms for bare in self._bare):
            self._collect_hidden_forms()
        for bare in self._bare:
            form = self._forms.get((bare["contentType"], bare["id"]))
            if form is not None:
                bare.update(form)

    def _tidy(self, value: Entity) -> None:
        by_itself = None
        for key, entry in value.items():
            kind = type(entry)
            if key in CHANGES_BY_ITSELF:
                by_itself = [key] if by_itself is None else [*by_itself, key]
            elif kind is dict:
                if entry.get("contentType") not in _PLAIN_VALUES:
                    value[key] = self._embedded(entry)
            elif kind is list and entry:
                self._tidy_list(entry)
        for key in by_itself or ():
            del value[key]

    def _tidy_list(self, entries: list[Any]) -> None:
        for place, entry in enumerate(entries):
            if type(entry) is dict:
                entries[place] = self._embedded(entry)
            elif type(entry) is list:
                self._tidy_list(entry)

    def _embedded(self, value: Entity) -> Entity:
        content_type, identity = value.get("contentType"), value.get("id")
        if content_type is None or identity is None:
            self._tidy(value)
        elif content_type in HAS_OWN_TABLE:
            if len(value) > 2:
                self._set_aside.append(value)
                return {"contentType": content_type, "id": identity}
        elif len(value) == 2:
            self._bare.append(value)
        else:
            self._tidy(value)
            self._forms.setdefault((content_type, identity), value)
        return value

    def _collect_hidden_forms(self) -> None:
        """Look for full forms elsewhere: inside entities with their own table, and in rows not asked for."""
        for outer in (*self._set_aside, *self._response):
            for entity in list(full_forms(outer)):
                link = (entity["contentType"], entity["id"])
                if link not in self._forms and entity["contentType"] not in HAS_OWN_TABLE:
                    self._tidy(entity)
                    self._forms[link] = entity


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

    What jsonb cannot give back as it came is written as jsonb gives it back, so that a row that nobody touched keeps
    its hash: the character U+0000 becomes U+FFFD, ``1e+16`` becomes ``10000000000000000``, ``-0.0`` becomes ``0.0``.
    """
    try:
        text = orjson.dumps(entity, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # restored forms that contain each other
        text = orjson.dumps(_without_circles(entity, ()), option=orjson.OPT_SORT_KEYS)
    if b"\\u0000" in text:
        text = orjson.dumps(_without_nul(orjson.loads(text)), option=orjson.OPT_SORT_KEYS)
    if b"e+1" in text or b"-0.0" in text:
        text = orjson.dumps(_numbers_as_in_jsonb(orjson.loads(text)), option=orjson.OPT_SORT_KEYS)
    return text


class Content(NamedTuple):
    """What a row says of its entity as a whole."""

    payload: JsonText
    """Canonical JSON."""
    content_hash: str
    """Hash of the payload: 32 hexadecimal digits (SHA-256, its first 128 bits)."""


def content(entity: Entity) -> Content:
    """Return payload and hash of an entity in canonical form."""
    payload = canonical_json(entity)
    return Content(JsonText(payload), sha256(payload).hexdigest()[:32])


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


def _numbers_as_in_jsonb(value: Any) -> Any:
    """Write numbers as they are read again from jsonb, which keeps digits and neither exponents nor minus zero."""
    if type(value) is float:
        if value == 0:
            return 0.0
        if value.is_integer() and abs(value) >= 1e16:  # shorter ones keep their point in jsonb
            digits = int(Decimal(repr(value)))
            return digits if -(2**63) <= digits < 2**64 else value
        return value
    if type(value) is list:
        return [_numbers_as_in_jsonb(entry) for entry in value]
    if type(value) is dict:
        return {key: _numbers_as_in_jsonb(entry) for key, entry in value.items()}
    return value
