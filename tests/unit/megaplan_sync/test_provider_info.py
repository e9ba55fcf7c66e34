"""The connection types and their forms, as Airflow reads them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.account_operators import AccountsOperator
from megaplan_sync.provider_info import get_provider_info
from megaplan_vendor_kit.setting import describe
from uis_hook.brands import BRAND_URLS
from uis_hook.hook import UisHook
from uis_hook.settings import UisSettings

# what users have stored in their connections: neither a type nor a field may be renamed unnoticed
SECTIONS = {
    "megaplan": {
        "Account": [
            "deals_active",
            "sync_every_minutes",
            "account_timezone",
            "application_uuid",
            "application_token",
        ],
        "UIS": ["uis_conn_id", "deals_to_uis", "uis_deal_fields", "uis_loss_reason_field"],
        "Telephony": [
            "telephony_active",
            "communication_incoming_answered",
            "communication_incoming_missed",
            "communication_outgoing_answered",
            "communication_outgoing_unanswered",
            "communication_minutes",
            "megaplan_creates_todo",
            "missed_call_responsible",
            "missed_call_employee",
            "missed_call_employees",
            "skip_spam",
            "skip_fax",
            "skip_numbers",
            "keep_telephony_days",
            "route_fallback",
        ],
        "Gateway": ["gateway_url", "webhook_secret", "keep_messages_days", "widget_key_number"],
        "Reconciliation": [
            "night_requests",
            "deletion_brake",
            "backfill_stage_moves",
            "keep_certificates_days",
            "keep_versions_days",
        ],
        "What is copied": [
            "deals_since",
            "deals_look_back_minutes",
            "contacts_look_back_minutes",
            "fields_left_out",
            "fields_hashed",
            "pseudonym_secret",
            "fields_pseudonymised",
        ],
        "Requests": ["requests_per_second", "requests_per_hour", "page_size", "directories_every_minutes"],
        "Advanced": ["vendor_quirks"],
    },
    "uis": {
        "Account": ["brand", "access_token", "account_timezone"],
        "Telephony": ["virtual_phone_number", "webhook_secret", "recordings_need_login"],
        "Requests": ["page_size", "longest_limit_wait_seconds", "reserved_points_percent"],
        "Addresses": ["data_api_url", "call_api_url", "records_url"],
        "Advanced": ["customer_user_id", "vendor_quirks"],
    },
}
SECRETS = {"webhook_secret", "application_token", "access_token", "pseudonym_secret"}
PLUGINS = Path(__file__).parents[3] / "plugins"
KERNEL = {"megaplan_sync.kernel.account_operators", "megaplan_sync.kernel.error_reporting"}
"""Base classes, which nobody uses by themselves."""
MODELS = {"megaplan": AccountSettings, "uis": UisSettings}


def connection_type(name: str) -> dict[str, Any]:
    (found,) = (each for each in get_provider_info()["connection-types"] if each["connection-type"] == name)
    return dict(found)


def form(name: str) -> dict[str, Any]:
    return dict(connection_type(name)["conn-fields"])


def test_the_entry_point_leads_here() -> None:
    (found,) = entry_points(group="apache_airflow_provider", module="megaplan_sync.provider_info")
    assert found.load() is get_provider_info


@pytest.mark.parametrize("name", SECTIONS)
def test_the_form_has_these_fields_in_these_sections(name: str) -> None:
    sections: dict[str, list[str]] = {}
    for field, shown in form(name).items():
        english, _, russian = shown["schema"]["section"].partition(" · ")
        assert re.fullmatch("[А-Яа-яё ]+", russian) or english == "UIS"
        sections.setdefault(english, []).append(field)
    assert sections == SECTIONS[name]
    assert list(sections) == list(SECTIONS[name])


def test_the_metadata_fit_airflows_schema_and_nothing_in_them_is_unknown_to_it() -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text("utf-8"))
    info = get_provider_info()
    jsonschema.validate(info, schema)
    assert set(info) <= set(schema["properties"])
    named = {entry["integration-name"] for entry in info["integrations"]}
    for kind in ("hooks", "operators", "sensors", "triggers"):
        assert {entry["integration-name"] for entry in info[kind]} <= named, kind


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("operators", BaseOperator),
        ("sensors", BaseSensorOperator),
        ("triggers", BaseTrigger),
    ],
)
def test_the_metadata_name_every_module_that_has_one(kind: str, base: type) -> None:
    listed = {module for entry in get_provider_info()[kind] for module in entry["python-modules"]}
    found = set()
    for file in PLUGINS.rglob("*.py"):
        name = ".".join(file.relative_to(PLUGINS).with_suffix("").parts)
        if not re.search(r"^class \w+\(", file.read_text("utf-8"), re.MULTILINE) or "__init__" in name:
            continue
        if any(is_one(value, base, name) for value in vars(import_module(name)).values()):
            found.add(name)
    assert found - KERNEL == listed


def is_one(value: Any, base: type, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, base) and value.__module__ == module


def test_the_metadata_name_the_links_that_operators_have() -> None:
    names = get_provider_info()["extra-links"]
    assert names == [
        f"{type(link).__module__}.{type(link).__name__}" for link in AccountsOperator.operator_extra_links
    ]


@pytest.mark.parametrize("name", SECTIONS)
def test_airflow_accepts_the_form(name: str) -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider.yaml.schema.json").read_text("utf-8"))
    jsonschema.validate([connection_type(name)], schema["properties"]["connection-types"])
    json.dumps(get_provider_info())


@pytest.mark.parametrize("name", SECTIONS)
def test_every_field_says_what_it_is(name: str) -> None:
    settings = describe(MODELS[name])
    for field, shown in form(name).items():
        schema = shown["schema"]
        english, _, russian = shown["label"].partition(" · ")
        assert english.isascii()
        assert re.search("[а-яё]", russian), field
        assert shown["description"].endswith(".")
        assert "later version" not in shown["description"]
        assert schema["type"] == [settings[field].schema["type"], "null"]
        assert schema.get("default") == settings[field].default
        assert (schema.get("format") == "password") is (field in SECRETS), field
        assert (
            "minimum" not in schema
            or f"From {settings[field].range}" in shown["description"]
            or ("maximum" not in schema)
        )


def test_some_fields_whole() -> None:
    assert form("megaplan")["requests_per_hour"] == {
        "label": "Requests per hour · Запросов в час",
        "description": "Maximum number of requests per hour to this account, for all processes together. "
        "The same client gives 1000. From 1 to 1000000, default 1000.",
        "schema": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": 1_000_000,
            "default": 1000,
            "section": "Requests · Запросы",
        },
    }
    assert form("megaplan")["communication_incoming_missed"]["schema"] == {
        "type": ["string", "null"],
        "enum": ["none", "planned", "done"],
        "default": "none",
        "section": "Telephony · Телефония",
    }
    assert form("uis")["brand"]["schema"]["enum"] == list(BRAND_URLS)


@pytest.mark.parametrize(("name", "hook"), [("megaplan", MegaplanHook), ("uis", UisHook)])
def test_the_form_belongs_to_the_hook(name: str, hook: type[MegaplanHook | UisHook]) -> None:
    kind = connection_type(name)
    assert kind["hook-class-name"] == f"{hook.__module__}.{hook.__name__}"
    assert kind["hook-name"] == hook.hook_name
    assert kind["connection-type"] == hook.conn_type


def test_it_loads_nothing_heavy() -> None:
    """Every component of Airflow, each task's process among them, loads it."""
    program = (
        "import sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from megaplan_sync.provider_info import get_provider_info\n"
        "get_provider_info()\n"
        "print(*(name for name in ('airflow', 'requests', 'psycopg', 'pandas', 'tenacity') if name in sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
