"""The connection form that Airflow shows, made of a settings model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from megaplan_vendor_kit.connection_settings import ConnectionSettings
from megaplan_vendor_kit.setting import DescribedSetting, describe

SCHEMA_KEYS = ("enum", "minimum", "maximum", "format")


def connection_form(
    model: type[ConnectionSettings], sections: Mapping[str, str], labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return ``conn-fields`` of a connection type: the settings that have a section, section by section.

    Airflow 3.3 shows the fields of one ``section`` below a heading of their own, and one text to everybody: headings
    and labels are in English and in Russian.

    :param sections: the Russian headings, in the order of the form
    :param labels: the Russian labels
    """
    shown = {name: setting for name, setting in describe(model).items() if setting.about.section}
    places = list(sections)
    return {
        name: {
            "label": _in_both(setting.about.label, labels.get(name, "")),
            "description": _description(setting),
            "schema": _schema(setting, _in_both(setting.about.section, sections[setting.about.section])),
        }
        for name, setting in sorted(shown.items(), key=lambda item: places.index(item[1].about.section))
    }


def _in_both(english: str, russian: str) -> str:
    return english if russian in ("", english) else f"{english} · {russian}"


def _schema(setting: DescribedSetting, section: str) -> dict[str, Any]:
    schema = {key: setting.schema[key] for key in SCHEMA_KEYS if key in setting.schema}
    if setting.default is not None:
        schema["default"] = setting.default
    return {"type": [setting.schema["type"], "null"], **schema, "section": section}


def _description(setting: DescribedSetting) -> str:
    if not setting.range:
        return setting.description
    default = f", default {setting.shown_default}" if setting.shown_default else ""
    return f"{setting.description} From {setting.range}{default}."
