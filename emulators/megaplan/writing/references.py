"""Links in bodies, resolved to entities."""

from typing import Any

from ..data.records import Record
from ..data.store import Store
from ..errors import MissingFieldError, UnprocessableError, WrongTypeError, php_type


def resolve(store: Store, value: Any, allowed: tuple[str, ...], field: str) -> Record | None:
    """Return the entity that a link in a body names; null is nothing.

    :raises UnprocessableError: no link, a type that the field does not take, or an unknown id.
    """
    if value is None:
        return None
    content_type = value.get("contentType") if isinstance(value, dict) else None
    if content_type not in allowed or "id" not in value:
        raise UnprocessableError(
            f"'{content_type or php_type(value)}' is not assignable to '{'|'.join(allowed)}'", field
        )
    found = store.find(str(content_type), value["id"])
    if found is None:
        raise UnprocessableError(f"Entity {content_type} with id {value['id']} is not found", field)
    return found


def resolve_required(store: Store, value: Any, allowed: tuple[str, ...], field: str) -> Record:
    """Return the entity that a link in a body names.

    :raises UnprocessableError: null, no link, a type that the field does not take, or an unknown id.
    """
    found = resolve(store, value, allowed, field)
    if found is None:
        raise MissingFieldError(field)
    return found


def resolve_all(store: Store, value: Any, allowed: tuple[str, ...], field: str) -> tuple[Record, ...]:
    """Return the entities of an array of links.

    :raises UnprocessableError: not an array, or a link in it is wrong.
    """
    if not isinstance(value, list):
        raise WrongTypeError(value, f"{allowed[0]}[]", field)
    found = (resolve(store, entry, allowed, field) for entry in value)
    return tuple(dict.fromkeys(entry for entry in found if entry is not None))
