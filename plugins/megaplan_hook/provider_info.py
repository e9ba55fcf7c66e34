"""What Airflow shows and loads of this provider: hooks, connection types and their forms. Data only."""

from __future__ import annotations

from typing import Any

COMMUNICATION_CHOICES = ["none", "planned", "done"]


def _boolean(label: str, default: bool, description: str) -> dict[str, Any]:
    return {
        "label": label,
        "description": description,
        "schema": {"type": ["boolean", "null"], "default": default},
    }


def _number(
    label: str, default: float, low: float, high: float, description: str, kind: str = "integer"
) -> dict[str, Any]:
    return {
        "label": label,
        "description": f"{description} From {low:g} to {high:g}, default {default:g}.",
        "schema": {"type": [kind, "null"], "default": default, "minimum": low, "maximum": high},
    }


def _text(
    label: str, description: str, *, default: str | None = None, secret: bool = False
) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": ["string", "null"]}
    if default is not None:
        schema["default"] = default
    if secret:
        schema["format"] = "password"
    return {"label": label, "description": description, "schema": schema}


def _communication(label: str, calls: str) -> dict[str, Any]:
    return {
        "label": label,
        "description": f"Which communication {calls} makes in Megaplan: none (default), planned or done.",
        "schema": {"type": ["string", "null"], "default": "none", "enum": COMMUNICATION_CHOICES},
    }


MEGAPLAN_FIELDS: dict[str, dict[str, Any]] = {
    "deals_active": _boolean(
        "Synchronise deals", True, "Deals of this account go into Postgres. Default: on."
    ),
    "telephony_active": _boolean("Telephony", False, "Calls of this account are handled. Default: off."),
    "uis_conn_id": _text("UIS connection", "Connection id of the telephony cabinet, such as uis_default."),
    "account_timezone": _text(
        "Time zone of the account",
        "Name of the IANA list; days begin at midnight there. Default: Europe/Moscow.",
        default="Europe/Moscow",
    ),
    "communication_incoming_answered": _communication("Incoming answered", "an answered incoming call"),
    "communication_incoming_missed": _communication("Incoming missed", "a missed incoming call"),
    "communication_outgoing_answered": _communication("Outgoing answered", "an answered outgoing call"),
    "communication_outgoing_unanswered": _communication("Outgoing unanswered", "an unanswered outgoing call"),
    "communication_minutes": _number(
        "Communication length, minutes", 120, 1, 1440, "Minutes from start to end."
    ),
    "megaplan_creates_todo": _boolean(
        "Megaplan creates the communication",
        False,
        "Off (default): we create communications. On: Megaplan makes one per call, we complete it.",
    ),
    "requests_per_second": _number(
        "Requests per second", 3, 0.1, 1000, "At most so many requests a second go to this account.", "number"
    ),
    "requests_per_hour": _number(
        "Requests per hour",
        1000,
        1,
        1_000_000,
        "At most so many an hour, all DAGs and the gateway together.",
    ),
    "page_size": _number("Page size", 100, 1, 1000, "Rows asked per page; Megaplan may give fewer."),
    "directories_every_minutes": _number(
        "Directories every, minutes",
        60,
        0,
        10080,
        "How often lists without a time of change (employees, …) are read whole; 0 = in every run.",
    ),
    "webhook_secret": _text(
        "Webhook secret", "Unguessable part of the address at which Megaplan's events arrive.", secret=True
    ),
    "application_uuid": _text("Application UUID", "Of the application made in Megaplan's settings."),
    "application_token": _text(
        "Application token", "API token of that application; used when Login is empty.", secret=True
    ),
    "gateway_url": _text(
        "Gateway address", "Public address of the gateway, such as https://calls.example.org."
    ),
    "route_fallback": _text(
        "Fallback numbers", "Numbers to ring when nobody is responsible, separated by commas, in this order."
    ),
    "vendor_quirks": {
        "label": "Vendor quirks",
        "description": "One JSON object for what differs between accounts; keys: see VendorQuirks.",
        "schema": {"type": ["object", "null"]},
    },
}


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow (entry point ``apache_airflow_provider``)."""
    return {
        "package-name": "airflow-provider-megaplan",
        "name": "Megaplan",
        "description": "Megaplan CRM, joined with Postgres and with UIS / CoMagic / Novofon telephony.",
        "integrations": [
            {
                "integration-name": "Megaplan",
                "external-doc-url": "https://dev.megaplan.ru/apiv3/index.html",
                "tags": ["service"],
            }
        ],
        "hooks": [{"integration-name": "Megaplan", "python-modules": ["megaplan_hook.hook"]}],
        "connection-types": [
            {
                "connection-type": "megaplan",
                "hook-class-name": "megaplan_hook.hook.MegaplanHook",
                "hook-name": "Megaplan",
                "ui-field-behaviour": {
                    # Host carries scheme and port when they are needed at all
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {"host": "Megaplan address", "login": "Login (e-mail)"},
                    "placeholders": {
                        "host": "mp361546.megaplan.ru",
                        "login": "robot@example.org",
                        "extra": '{"verify": true, "read_timeout_seconds": 60}',
                    },
                },
                "conn-fields": MEGAPLAN_FIELDS,
            }
        ],
    }
