"""What Airflow shows and loads of this provider: hooks, connection types and their forms. Data only."""

from __future__ import annotations

from typing import Any

from megaplan_hook.megaplan_form import MEGAPLAN_CONNECTION
from megaplan_hook.uis_form import UIS_CONNECTION


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
            },
            {
                "integration-name": "UIS",
                "external-doc-url": "https://comagic.github.io/",
                "tags": ["service"],
            },
        ],
        "hooks": [
            {"integration-name": "Megaplan", "python-modules": ["megaplan_hook.hook"]},
            {"integration-name": "UIS", "python-modules": ["uis_hook.hook"]},
        ],
        "connection-types": [MEGAPLAN_CONNECTION, UIS_CONNECTION],
    }
