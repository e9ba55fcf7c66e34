"""One account as the gateway serves it: its settings, and the clients that speak with both sides."""

from __future__ import annotations

from dataclasses import dataclass

from megaplan_gateway.accounts.airflow_connections import AccountSource
from megaplan_gateway.vendors.megaplan_client import LiveMegaplan
from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_hook.settings import AccountSettings
from uis_hook.settings import UisSettings


@dataclass(frozen=True)
class Account:
    """An account.

    :param uis: the cabinet; None where telephony is off
    """

    source: AccountSource
    megaplan: LiveMegaplan
    uis: LiveUis | None

    @property
    def name(self) -> str:
        """The label before ``.megaplan.ru``, otherwise host:port: ``account`` in every table and in every path."""
        return self.source.settings.account

    @property
    def settings(self) -> AccountSettings:
        """What the connection says."""
        return self.source.settings

    @property
    def uis_settings(self) -> UisSettings | None:
        """What the connection of the cabinet says."""
        return self.source.uis

    async def close(self) -> None:
        """Close the connections to both sides."""
        await self.megaplan.close()
        if self.uis is not None:
            await self.uis.close()
