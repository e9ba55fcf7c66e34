"""The kinds of fields that a connection's form is made of. Data only."""

from __future__ import annotations

from typing import Any

FormField = dict[str, Any]


def boolean(label: str, default: bool, description: str) -> FormField:
    """Describe a switch."""
    return {
        "label": label,
        "description": description,
        "schema": {"type": ["boolean", "null"], "default": default},
    }


def number(
    label: str, default: float | None, low: float, high: float, description: str, kind: str = "integer"
) -> FormField:
    """Describe a number in a range; both are told in the description.

    :param default: None: what an empty field means is in the description
    """
    schema: dict[str, Any] = {"type": [kind, "null"], "minimum": low, "maximum": high}
    told = f"{description} From {low} to {high}"
    if default is not None:
        schema["default"] = default
        told += f", default {default}"
    return {"label": label, "description": f"{told}.", "schema": schema}


def text(label: str, description: str, *, default: str | None = None, secret: bool = False) -> FormField:
    """Describe a text; a secret one is shown as dots."""
    schema: dict[str, Any] = {"type": ["string", "null"]}
    if default is not None:
        schema["default"] = default
    if secret:
        schema["format"] = "password"
    return {"label": label, "description": description, "schema": schema}


def choice(label: str, default: str, allowed: list[str], description: str) -> FormField:
    """Describe a choice of a few words."""
    return {
        "label": label,
        "description": description,
        "schema": {"type": ["string", "null"], "default": default, "enum": allowed},
    }


def json_object(label: str, description: str) -> FormField:
    """Describe a JSON object."""
    return {"label": label, "description": description, "schema": {"type": ["object", "null"]}}
