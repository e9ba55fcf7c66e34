"""Settings as pydantic models: read from an Airflow connection, checked, and explained when they are wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Protocol, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from megaplan_vendor_kit.field_error import FieldError, shortened
from megaplan_vendor_kit.setting import Setting, describe
from megaplan_vendor_kit.setting_types import RefusedValueError, json_object

SOMETHING = "something else"


class ConnectionLike(Protocol):
    """The part of an Airflow connection that is read here; both of Airflow's classes fit."""

    conn_id: str
    host: str | None
    port: int | None
    schema: str | None
    extra: str | None


class SettingsModel(BaseModel):
    """Frozen settings, each described by the text below it; an empty value means the default.

    A field without a default is no setting: it comes from the connection's own columns.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        coerce_numbers_to_str=True,
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, given: Any) -> Any:
        """Drop empty fields of the form: ``model_fields_set`` then names what somebody has decided."""
        if not isinstance(given, dict):
            return given
        settings = describe(cls)
        return {
            name: value
            for name, value in given.items()
            if name not in settings or not (value is None or (isinstance(value, str) and not value.strip()))
        }

    @field_validator("*", mode="before")
    @classmethod
    def _read_leniently(cls, value: Any, info: ValidationInfo) -> Any:
        setting = describe(cls).get(str(info.field_name))
        if setting is None:
            return value
        if isinstance(value, str):
            value = value.strip()
        if isinstance(value, str) and "enum" in setting.schema:
            return value.lower()
        kind = setting.schema["type"]
        # pydantic takes true for the number 1, and a number with a fraction for a text
        if (isinstance(value, bool) and kind != "boolean") or (isinstance(value, float) and kind == "string"):
            raise ValueError
        return value


class ConnectionSettings(SettingsModel):
    """What every connection of this project holds."""

    error_class: ClassVar[type[FieldError]]

    connection_id: str
    """The connection these came from."""
    verify: Annotated[
        bool | Annotated[str, Field(pattern=r"[/\\]")],
        Field(union_mode="left_to_right"),
        Setting(allowed="true, false or the path of a CA bundle"),
    ] = True
    """Whether certificates are checked, or the path of a CA bundle."""
    proxies: Annotated[
        dict[str, str],
        BeforeValidator(json_object),
        Field(repr=False),
        Setting(remedy='write {"https": "http://proxy.example.org:3128"}'),
    ] = Field(default_factory=dict)
    """Proxies by scheme, as in requests: {"https": "http://proxy.example.org:3128"}."""
    connect_timeout_seconds: Annotated[float, Field(ge=0.1, le=600), Setting(unit="seconds")] = 10.0
    """How long a connection may take to be made."""
    read_timeout_seconds: Annotated[float, Field(ge=0.1, le=600), Setting(unit="seconds")] = 60.0
    """How long the other side may stay silent."""

    @classmethod
    def read(cls, conn: ConnectionLike, **columns: Any) -> Self:
        """Read and check the Extra of a connection.

        :param columns: the fields that come from the connection's own columns.
        :raises FieldError: of the model's ``error_class``, about the first impossible field.
        """
        try:
            extra = json_object((conn.extra or "").strip() or "{}")
        except RefusedValueError as refused:
            raise cls.error_class(conn.conn_id, "extra", refused.problem, refused.remedy) from None
        columns["connection_id"] = conn.conn_id
        for name in columns.keys() & extra.keys():
            raise cls.error_class(conn.conn_id, name, *unknown_name(name, describe(cls)))
        try:
            return cls.model_validate(extra | columns)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise cls.error_class(conn.conn_id, *_explained(cls, first)) from None


def unknown_name(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return problem and remedy of a name that no setting has."""
    near = difflib.get_close_matches(name, known, n=1)
    remedy = f"use {near[0]!r}" if near else "remove it; known names are " + ", ".join(sorted(known))
    return "there is no such setting", remedy


def _explained(model: type[SettingsModel], error: ErrorDetails) -> tuple[str, str, str]:
    """Return the field that pydantic refuses, with problem and remedy in our words."""
    name, *inside = (str(part) for part in error["loc"])
    settings = describe(model)
    if error["type"] == "extra_forbidden" and not inside:
        return name, *unknown_name(name, settings)
    nested = model.model_fields[name].annotation
    if inside and isinstance(nested, type) and issubclass(nested, SettingsModel):
        field, problem, remedy = _explained(nested, {**error, "loc": tuple(inside)})
        return f"{name}.{field}", problem, remedy
    setting = settings[name]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, RefusedValueError):
        return name, cause.problem, cause.remedy or setting.remedy
    given = SOMETHING if setting.is_secret else shortened(repr(error["input"]), 100)
    return name, f"{given} is given, allowed: {setting.allowed}", setting.remedy
