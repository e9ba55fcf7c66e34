"""Links: how one entity points at another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

# characters of a content type or an id, which are a few dozen at most
LONGEST_NAME = 100


class Link(TypedDict):
    """``{"contentType": "Deal", "id": "77"}``; the type is always the concrete one (never ``Contractor``)."""

    contentType: str
    id: str


def link(entity: Mapping[str, Any]) -> Link:
    """Reduce an entity to the link that points at it.

    :raises ValueError: when the entity has no contentType or no id.
    """
    kind, entity_id = entity.get("contentType"), entity.get("id")
    if not kind or entity_id is None:
        raise ValueError("an entity without contentType or id cannot be linked to")
    return Link(contentType=str(kind), id=str(entity_id))


def is_bare_link(entity: Mapping[str, Any]) -> bool:
    """Tell whether only the link is there: in one answer an entity is printed in full only once."""
    return set(entity) <= {"contentType", "id"}


def is_entity(row: Any) -> bool:
    """Return whether something in a list is an entity, to which a link can be made that fits into an address."""
    if not isinstance(row, dict):
        return False
    kind, identity = row.get("contentType"), row.get("id")
    return (
        isinstance(kind, str)
        and 0 < len(kind) <= LONGEST_NAME
        and isinstance(identity, str | int)
        and len(str(identity)) <= LONGEST_NAME
    )
