"""Links: how one entity points at another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict


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
