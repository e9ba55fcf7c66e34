"""Brings entities into canonical form, so that equal content has an equal hash.

Megaplan prints an entity in full only at its first occurrence in a response and as a bare
``{contentType, id}`` afterwards (seen in live payloads), so the same deal looks different as the first
and as the last of a page. In canonical form

* an embedded entity that has its own raw table is a bare link, wherever it occurs;
* any other embedded entity (payer, offer, unit, tag, ...) is complete, restored from its full form
  in the same response;
* keys that change although nobody edits the entity are left out;
* everything else, unknown keys included, stays as Megaplan sent it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from megaplan_sync.kernel.exceptions import UnreadableEntityError
from megaplan_sync.kernel.json_text import without_nul
from megaplan_sync.kernel.values import identifier
from megaplan_sync.raw.entities import TABLE_OF

Entity = dict[str, Any]
LinkKey = tuple[str, str | int]

HAS_OWN_TABLE = frozenset({*TABLE_OF, "ProgramState"})
"""Content types whose embedded forms become bare links."""

VOLATILE_KEYS = frozenset(
    {
        # presence and age of people
        "isOnline", "lastOnline", "dateLastReadNews", "age", "nearestVacation",
        # what the logged-in user may do or has marked
        "rights", "responsibleRights", "possibleActions", "possibleActionsCount", "availableActions",
        "possibleTransitions", "possibleTransitionsCount", "possibleTriggers", "possibleTriggersCount",
        "possibleStatuses", "possibleStatusesCount", "editableFields", "visibleFields", "isReadable",
        "canSeeFull", "canEdit", "isFavorite", "subscribed",
        # counters and comments
        "interactionsCounters", "unreadCommentsCount", "unreadAnswer", "firstUnreadComment", "isUnread",
        "commentsCount", "hiddenCommentsCount", "commentsWithoutTransportCount", "attachesCountInComments",
        "lastComment", "lastCommentTimeCreated",
        # preview URLs, which contain the name of the server that answered
        "thumbnail",
    }
)  # fmt: skip
"""Keys left out before hashing and storing (deal and employee cards, seen live and in the RAML r2510)."""


_IDS = (str, int)
PLAIN_VALUES = frozenset(
    {"Money", "DateOnly", "DateTime", "DateInterval", "Discount", "IntervalDates", "IntervalTime"}
)
"""Value types that contain no entity and are kept unchanged."""


class CanonicalPage:
    """Brings the entities of one response into canonical form, in place: copying would take twice as long.

    :param response: everything in the response; full forms that are not in ``items`` are looked up here
    """

    def __init__(self, response: Iterable[Entity] = ()) -> None:
        self._response = response
        self._forms: dict[LinkKey, Entity] = {}
        self._bare: list[tuple[LinkKey, Entity]] = []
        self._set_aside: list[Entity] = []

    def bring(self, items: Iterable[Entity]) -> None:
        """Change ``items``, entities of the response in document order, into canonical form.

        Afterwards they may share nested objects: do not modify them.
        """
        for item in items:
            self._tidy(item)
            self._forms.setdefault((item["contentType"], item["id"]), item)
        if any(link not in self._forms for link, _ in self._bare):
            self._collect_hidden_forms()
        for link, bare in self._bare:
            form = self._forms.get(link)
            if form is not None:
                bare.update(form)

    def _tidy(self, value: Entity) -> None:
        if not VOLATILE_KEYS.isdisjoint(value):
            for key in VOLATILE_KEYS.intersection(value):
                del value[key]
        for key, entry in value.items():
            kind = type(entry)
            if kind is dict:
                value[key] = self._embedded(entry)
            elif kind is list and entry:
                self._tidy_list(entry)

    def _tidy_list(self, entries: list[Any]) -> None:
        for place, entry in enumerate(entries):
            if type(entry) is dict:
                entries[place] = self._embedded(entry)
            elif type(entry) is list:
                self._tidy_list(entry)

    def _embedded(self, value: Entity) -> Entity:
        content_type = value.get("contentType")
        if type(content_type) is not str:
            self._tidy(value)
            return value
        if content_type in PLAIN_VALUES:
            return value
        identity = value.get("id")
        if not isinstance(identity, _IDS):
            self._tidy(value)
        elif content_type in HAS_OWN_TABLE:
            if len(value) > 2:
                self._set_aside.append(value)
                return {"contentType": content_type, "id": identity}
        elif len(value) == 2:
            self._bare.append(((content_type, identity), value))
        else:
            self._tidy(value)
            self._forms.setdefault((content_type, identity), value)
        return value

    def _collect_hidden_forms(self) -> None:
        """Look for full forms inside entities with their own table, and in the rest of the response."""
        for outer in (*self._set_aside, *self._response):
            for entity in list(full_forms(outer)):
                link = (entity["contentType"], entity["id"])
                if link not in self._forms and entity["contentType"] not in HAS_OWN_TABLE:
                    self._tidy(entity)
                    self._forms[link] = entity


def full_forms(value: Any) -> Iterator[Entity]:
    """Yield every entity in full form inside ``value``, in document order, at any depth."""
    if type(value) is dict:
        if len(value) > 2 and type(value.get("id")) in _IDS and type(value.get("contentType")) is str:
            yield value
        for entry in value.values():
            yield from full_forms(entry)
    elif type(value) is list:
        for entry in value:
            yield from full_forms(entry)


def canonical_json(entity: Entity) -> bytes:
    """Return an entity in canonical form as JSON. Key order and number format do not matter: it is stored as jsonb.

    U+0000, which jsonb cannot store, becomes U+FFFD.
    """
    try:
        text = orjson.dumps(entity)
    except (TypeError, ValueError):  # restored forms contain each other
        text = orjson.dumps(_without_circles(entity, ()))
    return without_nul(text)


def entity_id(entity: Entity) -> int:
    """Return an entity's own id.

    :raises UnreadableEntityError: the entity has no numeric id, so it cannot be stored
    """
    found = identifier(entity.get("id"))
    if found is None:
        raise UnreadableEntityError(str(entity.get("contentType")), entity.get("id"))
    return found


def readable(items: Iterable[Any], *, may_be_deep: bool | None = None) -> tuple[list[Entity], list[Any]]:
    """Separate entities that can be stored from all other entries of a list.

    :param may_be_deep: False if all are known to be writable
    """
    entities: list[Entity] = []
    odd: list[Any] = []
    listed = list(items)
    if may_be_deep is None:
        may_be_deep = not is_writable(listed)
    for item in listed:
        is_entity = (
            isinstance(item, dict)
            and isinstance(item.get("contentType"), str)
            and identifier(item.get("id")) is not None
            and not (may_be_deep and not is_writable(item))
        )
        (entities if is_entity else odd).append(item)
    return entities, odd


def card_of(answer: Any, identity: Any) -> Entity:
    """Return the entity that a card's route answered with; what is none, as an odd entry with the requested id."""
    entities, _ = readable([answer])
    return entities[0] if entities else {"id": str(identity), "answer": answer}


def is_writable(value: Any) -> bool:
    """Return whether orjson writes a value: it is not nested more than 250 levels deep."""
    try:
        orjson.dumps([value])
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def is_custom(key: str) -> bool:
    """Return whether a key belongs to a custom field: ``Category<id>CustomField<Name>`` (seen in live payloads)."""
    return key.startswith("Category") and "CustomField" in key


def _without_circles(value: Any, path: tuple[LinkKey, ...]) -> Any:
    if type(value) is list:
        return [_without_circles(entry, path) for entry in value]
    if type(value) is not dict:
        return value
    if type(value.get("id")) in _IDS and type(value.get("contentType")) is str:
        link = (value["contentType"], value["id"])
        if link in path:
            return {"contentType": link[0], "id": link[1]}
        path = (*path, link)
    return {key: _without_circles(entry, path) for key, entry in value.items()}
