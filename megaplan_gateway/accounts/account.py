"""An account served by the gateway: its settings and its vendor clients."""

from __future__ import annotations

from dataclasses import dataclass

from megaplan_gateway.accounts.airflow_connections import AccountSource
from megaplan_gateway.vendors.megaplan_client import AsyncMegaplanClient
from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_hook.settings import AccountSettings
from uis_hook.settings import UisSettings


@dataclass(frozen=True)
class Account:
    """An account served by the gateway.

    :param uis: client of the UIS account; None if telephony is off
    """

    source: AccountSource
    megaplan: AsyncMegaplanClient
    uis: AsyncUisClient | None

    @property
    def name(self) -> str:
        """The label before ``.megaplan.ru``, otherwise host:port; ``account`` in tables and paths."""
        return self.source.settings.account

    @property
    def settings(self) -> AccountSettings:
        """Settings of the Megaplan connection."""
        return self.source.settings

    @property
    def uis_settings(self) -> UisSettings | None:
        """Settings of the UIS connection."""
        return self.source.uis

    async def close(self) -> None:
        """Close the connections to both vendors."""
        await self.megaplan.close()
        if self.uis is not None:
            await self.uis.close()
