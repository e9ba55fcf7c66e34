"""What Airflow shows and loads of this provider: hooks, connection types and their forms."""

from __future__ import annotations

from typing import Any

from megaplan_hook import form_in_russian as account_form
from megaplan_hook.settings import AccountSettings
from megaplan_vendor_kit.connection_form import connection_form
from uis_hook import form_in_russian as cabinet_form
from uis_hook.settings import UisSettings

# Port is shown for one reason: up to Airflow 3.3.2 the Test button answers "Bad Request" for a saved
# connection without a port (apache/airflow#73298). A scheme, when one is needed at all, stands in Host.
HIDDEN_FIELDS = ["schema"]
PORT_LABEL = "Port (443; for Test)"
LOGO = "/megaplan/static/icon-light.svg"
"""A path on Airflow's side, as its schema allows; the vendors' own logos are trademarks."""
PLACEHOLDERS = {
    "port": "443",
    "login": "robot@example.org",
    "extra": '{"verify": true, "read_timeout_seconds": 60}',
}
MEGAPLAN_OPERATORS = [
    "megaplan_sync.raw.operators",
    "megaplan_sync.rebuild.operators",
    "megaplan_sync.reconciliation.operators",
    "megaplan_sync.reconciliation.deletion_operators",
    "megaplan_sync.reconciliation.retention_operator",
    "megaplan_sync.webhooks.operators",
    "megaplan_sync.notices.operators",
    "megaplan_sync.doctor.operators",
    "megaplan_sync.doctor.record_operator",
]
UIS_OPERATORS = [
    "megaplan_sync.telephony.night.operators",
    "megaplan_sync.telephony.people.operators",
    "megaplan_sync.telephony.push.operators",
    "megaplan_sync.telephony.retention.operators",
    "megaplan_sync.uis_upload.operators",
]
UIS_SENSORS = ["megaplan_sync.telephony.push.operators", "megaplan_sync.uis_upload.operators"]
UIS_TRIGGERS = [
    "megaplan_sync.inbox.trigger",
    "megaplan_sync.telephony.push.outbox_trigger",
    "megaplan_sync.uis_upload.processing_trigger",
]


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
                "logo": LOGO,
                "tags": ["service"],
            },
            {
                "integration-name": "UIS",
                "external-doc-url": "https://comagic.github.io/",
                "logo": LOGO,
                "tags": ["service"],
            },
        ],
        "operators": [
            {"integration-name": "Megaplan", "python-modules": MEGAPLAN_OPERATORS},
            {"integration-name": "UIS", "python-modules": UIS_OPERATORS},
        ],
        "sensors": [{"integration-name": "UIS", "python-modules": UIS_SENSORS}],
        "triggers": [
            {"integration-name": "Megaplan", "python-modules": ["megaplan_sync.webhooks.trigger"]},
            {"integration-name": "UIS", "python-modules": UIS_TRIGGERS},
        ],
        "asset-uris": [
            {
                "schemes": ["megaplan", "uis"],
                "handler": None,
                "to_openlineage_converter": "megaplan_sync.kernel.lineage.to_openlineage",
            }
        ],
        "extra-links": [
            f"megaplan_sync.kernel.operator_links.{name}"
            for name in ("MegaplanDealsLink", "ConsoleLink", "RunbookLink")
        ],
        "hooks": [
            {"integration-name": "Megaplan", "python-modules": ["megaplan_hook.hook"]},
            {"integration-name": "UIS", "python-modules": ["uis_hook.hook"]},
        ],
        "plugins": [
            {"name": "megaplan_console", "plugin-class": "megaplan_console.plugin.MegaplanConsolePlugin"}
        ],
        "connection-types": [
            {
                "connection-type": "megaplan",
                "hook-class-name": "megaplan_hook.hook.MegaplanHook",
                "hook-name": "Megaplan",
                "ui-field-behaviour": {
                    "hidden-fields": HIDDEN_FIELDS,
                    "relabeling": {
                        "host": "Megaplan address",
                        "port": PORT_LABEL,
                        "login": "Login (e-mail)",
                    },
                    "placeholders": {"host": "mp361546.megaplan.ru", **PLACEHOLDERS},
                },
                "conn-fields": connection_form(AccountSettings, account_form.SECTIONS, account_form.FIELDS),
            },
            {
                "connection-type": "uis",
                "hook-class-name": "uis_hook.hook.UisHook",
                "hook-name": "UIS / CoMagic / Novofon",
                "ui-field-behaviour": {
                    "hidden-fields": HIDDEN_FIELDS,
                    "relabeling": {
                        "host": "Own address (else the brand's)",
                        "port": PORT_LABEL,
                        "login": "Login (instead of the token)",
                    },
                    "placeholders": {"host": "https://proxy.example.org", **PLACEHOLDERS},
                },
                "conn-fields": connection_form(UisSettings, cabinet_form.SECTIONS, cabinet_form.FIELDS),
            },
        ],
    }
