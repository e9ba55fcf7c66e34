"""The demo's connections: in Airflow's database for tasks and people, in the environment for the gateway."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.emulated_megaplan import APPLICATION, EmulatedMegaplan
from demo.emulated_uis import EmulatedUis

_AT_ONCE = {"read_lag_seconds": 0}
"""Both emulators show writes at once; real services may not, so the default is to wait."""


def _secret() -> str:
    return secrets.token_hex(24)


@dataclass(frozen=True)
class Connections:
    """Both accounts and the database.

    :param gateway_url: where the gateway will listen
    """

    raw_database: Mapping[str, Any]
    megaplan: EmulatedMegaplan
    uis: EmulatedUis
    gateway_url: str
    megaplan_secret: str = field(default_factory=_secret, repr=False)
    uis_secret: str = field(default_factory=_secret, repr=False)

    def environment(self) -> dict[str, str]:
        """Return them as the gateway reads them from the environment."""
        return {
            f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(described)
            for conn_id, described in self.described().items()
        }

    def described(self) -> dict[str, dict[str, Any]]:
        """Return them by their ids, in Airflow's JSON format."""
        megaplan = self.megaplan.connection(
            telephony_active=True,
            uis_conn_id="uis_default",
            communication_incoming_answered="done",
            communication_outgoing_answered="done",
            webhook_secret=self.megaplan_secret,
            gateway_url=self.gateway_url,
            application_uuid=APPLICATION,
            vendor_quirks=_AT_ONCE,
        )
        uis = self.uis.connection(
            virtual_phone_number="74950000001", webhook_secret=self.uis_secret, vendor_quirks=_AT_ONCE
        )
        return {
            "megaplan_postgres": dict(self.raw_database),
            "megaplan_default": megaplan,
            "uis_default": uis,
        }

    @property
    def notification_url(self) -> str:
        """Where UIS sends its notifications."""
        return f"{self._gateway_path(self.uis_secret)}/uis"

    @property
    def route_url(self) -> str:
        """Where UIS asks whose telephone to ring."""
        return f"{self._gateway_path(self.uis_secret)}/route"

    @property
    def webhook_url(self) -> str:
        """Where Megaplan sends its webhooks."""
        return f"{self._gateway_path(self.megaplan_secret)}/megaplan"

    def _gateway_path(self, secret: str) -> str:
        return f"{self.gateway_url}/127.0.0.1:{self.megaplan.port}/{secret}"
