"""What is known of a setting: one description for the connection form, the documentation and the messages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel


@dataclass(frozen=True)
class Setting:
    """What pydantic's ``Field`` has no place for. Several of them in one ``Annotated`` complete each other.

    :param label: name in the connection form.
    :param section: heading in the connection form; without one, only the Extra JSON holds the setting.
    :param unit: what a number counts, such as ``seconds``.
    :param allowed: which values are allowed, where the type alone does not say it.
    :param remedy: what to do about an impossible value.
    """

    label: str = ""
    section: str = ""
    unit: str = ""
    allowed: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class DescribedSetting:
    """A field of a settings model.

    :param name: of the attribute, and in Extra.
    :param description: the text below the attribute, on one line.
    :param schema: JSON Schema of a value that is given, without ``null``.
    :param default: in JSON types; None where there is none to show.
    :param is_secret: whether its value must never be shown.
    :param about: what the form shows and messages say.
    """

    name: str
    description: str
    schema: dict[str, Any]
    default: Any
    is_secret: bool
    about: Setting

    @property
    def shown_default(self) -> str:
        """The default as people write it, empty where there is none."""
        if self.default is None or isinstance(self.default, str):
            return self.default or ""
        return json.dumps(self.default).removesuffix(".0")

    @property
    def range(self) -> str:
        """Which numbers are allowed, such as ``1 to 1000``; empty without two ends."""
        if "minimum" in self.schema and "maximum" in self.schema:
            return f"{self.schema['minimum']} to {self.schema['maximum']}"
        return ""

    @property
    def allowed(self) -> str:
        """Which values are allowed, in words."""
        kind = self.schema["type"]
        if self.about.allowed:
            return self.about.allowed
        if "enum" in self.schema:
            return ", ".join(self.schema["enum"])
        if self.range:
            return f"a {'whole ' if kind == 'integer' else ''}number from {self.range}"
        return {"boolean": "true, false", "object": "one JSON object"}.get(kind, "a text")

    @property
    def remedy(self) -> str:
        """What to do about an impossible value."""
        if self.about.remedy:
            return self.about.remedy
        if "enum" in self.schema:
            return "choose one of these"
        return f"give {self.about.unit or 'a number'} in that range" if self.range else "correct it"


@cache
def describe(model: type[BaseModel]) -> dict[str, DescribedSetting]:
    """Return the settings of a model by name, in their order: all fields that have a default."""
    schemas = model.model_json_schema()["properties"]
    described = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            continue
        schema = schemas[name]
        # a setting that may be absent has two types, the second of which is null
        schema |= schema.pop("anyOf", [{"type": "object"} if "$ref" in schema else {}])[0]
        default = schema.pop("default", None)
        inside = [part for each in get_args(field.annotation) for part in getattr(each, "__metadata__", ())]
        parts = [asdict(part) for part in inside + field.metadata if isinstance(part, Setting)]
        described[name] = DescribedSetting(
            name=name,
            description=" ".join((field.description or "").split()),
            schema=schema,
            default=default if isinstance(default, str | int | float) else None,
            is_secret=not field.repr,
            about=Setting(**{key: text for part in parts for key, text in part.items() if text}),
        )
    return described
