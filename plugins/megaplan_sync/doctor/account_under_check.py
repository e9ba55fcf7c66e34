"""What all checks of one account share."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from uis_hook.client import UisClient


@dataclass(frozen=True)
class AccountUnderCheck:
    """One account.

    :param uis: client of its UIS cabinet; None if nothing uses one, or if the cabinet's connection is invalid
    :param database: None if Postgres cannot be used
    :param schemas: those of our schemas whose tables are there, in the version of this package
    :param clocks: how many seconds this machine is ahead of others, by their names; filled by the checks
    """

    megaplan: MegaplanHook
    uis: UisClient | None = None
    database: Connection[Any] | None = None
    schemas: frozenset[str] = frozenset()
    clocks: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The account's label, as in the column ``account`` of every table."""
        return self.megaplan.account

    @property
    def settings(self) -> AccountSettings:
        """The settings of its connection."""
        return self.megaplan.settings

    @property
    def sends_deals_to_uis(self) -> bool:
        """Whether ``uis_deals_upload`` has something to do for it."""
        settings = self.settings
        return bool(settings.deals_active and settings.deals_to_uis and settings.uis_conn_id)

    def note_clock(self, whose: str, there: datetime | None, here: datetime) -> None:
        """Remember how far this machine's clock is ahead of another one."""
        if there is not None:
            self.clocks[whose] = (here - there).total_seconds()
