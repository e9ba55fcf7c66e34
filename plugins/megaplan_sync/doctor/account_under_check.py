"""What all checks of one account share."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from uis_hook.client import UisClient


@dataclass(frozen=True)
class AccountUnderCheck:
    """One account.

    :param uis: hook of its UIS cabinet; None if telephony is off or the cabinet's connection is invalid
    :param database: None if Postgres cannot be reached
    """

    megaplan: MegaplanHook
    uis: UisClient | None
    database: Connection[Any] | None

    @property
    def label(self) -> str:
        """The account's label, as in the column ``account`` of every table."""
        return self.megaplan.account

    @property
    def settings(self) -> AccountSettings:
        """The settings of its connection."""
        return self.megaplan.settings
