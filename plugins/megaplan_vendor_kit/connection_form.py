"""The connection form that Airflow shows, made of a settings model."""

from __future__ import annotations

from typing import Any

from megaplan_vendor_kit.connection_settings import ConnectionSettings
from megaplan_vendor_kit.setting import DescribedSetting, describe

SCHEMA_KEYS = ("enum", "minimum", "maximum", "format")


def connection_form(model: type[ConnectionSettings]) -> dict[str, Any]:
    """Return ``conn-fields`` of a connection type: the settings that have a section, in the model's order.

    Airflow 3.3 shows the fields of one ``section`` below a heading of their own.
    """
    return {
        name: {"label": setting.about.label, "description": _description(setting), "schema": _schema(setting)}
        for name, setting in describe(model).items()
        if setting.about.section
    }


def _schema(setting: DescribedSetting) -> dict[str, Any]:
    schema = {key: setting.schema[key] for key in SCHEMA_KEYS if key in setting.schema}
    if setting.default is not None:
        schema["default"] = setting.default
    return {"type": [setting.schema["type"], "null"], **schema, "section": setting.about.section}


def _description(setting: DescribedSetting) -> str:
    if not setting.range:
        return setting.description
    default = f", default {setting.shown_default}" if setting.shown_default else ""
    return f"{setting.description} From {setting.range}{default}."
