"""Bodies: which keys a type takes, and how the value of each is read."""

from collections.abc import Callable, Container, Mapping
from typing import Any

from ..data.records import Record
from ..data.store import Store
from ..data.values import parse_moment
from ..errors import ExtraFieldError, NotAllowedError, WrongTypeError
from .references import resolve, resolve_all

Reader = Callable[[Store, str, Any], Any]
_PHP: dict[type[Any], str] = {str: "string", list: "array", bool: "boolean"}


def read_body(
    store: Store,
    content_type: str,
    body: dict[str, Any],
    readers: Mapping[str, Reader],
    ignored: Container[str] = (),
) -> dict[str, Any]:
    """Return the values of all keys that have a reader.

    :param ignored: keys that are accepted, and change nothing.
    :raises UnprocessableError: any other key, or a wrong value.
    """
    values: dict[str, Any] = {}
    for name, value in body.items():
        if name in readers:
            values[name] = readers[name](store, name, value)
        elif name not in ignored and name not in {"contentType", "id"}:
            raise ExtraFieldError(name, content_type)
    return values


def of_type(kind: type[Any], nullable: bool = False) -> Reader:
    """Take values of a type only."""

    def read(store: Store, name: str, value: Any) -> Any:
        if not isinstance(value, kind) and not (nullable and value is None):
            raise WrongTypeError(value, _PHP[kind], name)
        return value

    return read


TEXT = of_type(str)
TEXT_OR_NULL = of_type(str, nullable=True)


def anything(store: Store, name: str, value: Any) -> Any:
    """Take any value."""
    return value


def choice(content_type: str, *values: str) -> Reader:
    """Take one of some values."""

    def read(store: Store, name: str, value: Any) -> Any:
        if value not in values:
            raise NotAllowedError(content_type, name)
        return value

    return read


def texts(store: Store, name: str, value: Any) -> list[str]:
    """Take a list of strings."""
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise WrongTypeError(value, "string[]", name)
    return value


def moment(store: Store, name: str, value: Any) -> int | None:
    """Take a DateTime object or null."""
    timestamp = parse_moment(value)
    if timestamp is None and value is not None:
        raise WrongTypeError(value, "DateTime", name)
    return timestamp


def link(*allowed: str) -> Reader:
    """Take a link to an entity of some types, or null."""

    def read(store: Store, name: str, value: Any) -> Record | None:
        return resolve(store, value, allowed, name)

    return read


def links(*allowed: str) -> Reader:
    """Take a list of such links."""

    def read(store: Store, name: str, value: Any) -> tuple[Record, ...]:
        return resolve_all(store, value, allowed, name)

    return read
