"""How a content type is printed: its fields in document order and the subsets of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ...kit.clock import Clock

if TYPE_CHECKING:
    from ..data.store import Store


class Absent:
    """Marks a field that this entity does not have, as opposed to an empty one."""


ABSENT: Final = Absent()


@dataclass(slots=True)
class Context:
    """What getters may need besides the record."""

    store: "Store"
    clock: Clock
    tick: int
    lagging: bool = False


Getter = Callable[[Any, Context], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: how to read it and which content types it may refer to."""

    get: Getter
    refs: tuple[str, ...] = ()
    is_constant: bool = False


@dataclass(frozen=True)
class Form:
    """Fields of a type.

    :param custom: where its custom fields are printed by default.
    :param when_embedded: fields that are read differently inside another entity.
    """

    fields: dict[str, Field]
    listed: frozenset[str]
    embedded: frozenset[str]
    custom: str = "none"  # none | card | always
    when_embedded: dict[str, Field] = field(default_factory=dict)


NO_FILES = {
    "contentType": "AttachesInfo",
    "imageFiles": [],
    "imageFilesCount": 0,
    "audioFiles": [],
    "audioFilesCount": 0,
    "otherFiles": [],
    "otherFilesCount": 0,
}


def constant(value: Any) -> Field:
    """Return a field that has the same value for everybody."""
    return Field(lambda record, context: value, is_constant=True)


def stored(name: str, default: Any = None, refs: tuple[str, ...] = ()) -> Field:
    """Return a field kept in the record's data."""
    return Field(lambda record, context: record.data.get(name, default), refs)


def counted(name: str, default: tuple[Any, ...] | list[Any] = ()) -> Field:
    """Return the count of an array field; a stored count may exceed the array."""
    key = f"{name}Count"
    return Field(lambda record, context: record.data.get(key, len(record.data.get(name, default))))


def plain_form(fields: dict[str, Field]) -> Form:
    """Return a form that prints everything everywhere, for directories."""
    return Form(fields, frozenset(fields), frozenset(fields))
