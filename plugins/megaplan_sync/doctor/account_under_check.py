"""What the checks of one account share."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from uis_hook.client import UisClient


@dataclass(frozen=True)
class Patient:
    """One account.

    :param uis: hook of its telephony cabinet; None where telephony is off or its connection makes no sense
    :param database: None where Postgres cannot be reached
    """

    megaplan: MegaplanHook
    uis: UisClient | None
    database: Connection[Any] | None

    @property
    def account(self) -> str:
        """The label of the account."""
        return self.megaplan.account

    @property
    def settings(self) -> AccountSettings:
        """What its connection says."""
        return self.megaplan.settings
