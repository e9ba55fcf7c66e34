"""The ``fields`` argument: which fields a list item or an embedded entity is printed with."""

from dataclasses import dataclass, field
from typing import Any

from ..data.store import Store
from ..errors import UnprocessableError
from ..forms import FORMS, form_names


@dataclass
class Selection:
    """Requested field names, each with the selection for what it refers to."""

    names: dict[str, "Selection | None"] = field(default_factory=dict)
    only: bool = False
    plans: dict[tuple[str, str], Any] = field(default_factory=dict)


def parse_selection(fields: Any, only: bool, content_types: tuple[str, ...], store: Store) -> Selection:
    """Read ``fields`` and check every name in it, nested ones too.

    :raises UnprocessableError: a name that no type of the union has; the message does not say which.
    """
    selection = Selection(only=only)
    if fields is None:
        return selection
    if not isinstance(fields, list):
        kind = "stdClass" if isinstance(fields, dict) else type(fields).__name__
        raise UnprocessableError(f"'{kind}' is not assignable to 'array'", "fields")
    for item in fields:
        for name, nested in _named(item):
            refs = _refs(name, content_types, store)
            if refs is None or (nested is not None and not refs):
                raise UnprocessableError(f"{content_types[0]} have not this fields", None, trace_bytes=60_000)
            selection.names[name] = None if nested is None else parse_selection(nested, only, refs, store)
    return selection


def _named(item: Any) -> list[tuple[str, Any]]:
    if isinstance(item, str):
        return [(item, None)]
    if isinstance(item, dict):
        return list(item.items())
    raise UnprocessableError("'array' is not assignable to 'string'", "fields")


def _refs(name: str, content_types: tuple[str, ...], store: Store) -> tuple[str, ...] | None:
    """Return what a field may refer to; None when none of the types has such a field."""
    found: dict[str, None] = {}
    known = name in {"id", "contentType"}
    for content_type in content_types:
        for form_name in form_names(content_type):
            form_field = FORMS[form_name].fields.get(name)
            if form_field is not None:
                known = True
                found.update(dict.fromkeys(form_field.refs))
        for definition in store.custom_fields_for(content_type):
            if definition.key == name:
                known = True
                found.update(dict.fromkeys(definition.ref_types))
    return tuple(found) if known and name not in store.knobs.refused_fields.split(",") else None
