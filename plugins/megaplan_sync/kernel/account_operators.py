"""Base classes of this package's operators: the raw tables' database, and the accounts to work on."""

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import BaseOperatorLink

from megaplan_sync.kernel.error_reporting import ReportingOperator
from megaplan_sync.kernel.operator_links import ConsoleLink, MegaplanDealsLink, RunbookLink
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID


class RawDatabaseOperator(ReportingOperator):
    """An operator that works in the raw tables' database.

    :param postgres_conn_id: connection of that database
    """

    operator_extra_links: Collection[BaseOperatorLink] = (ConsoleLink(), RunbookLink())

    def __init__(self, *, postgres_conn_id: str = POSTGRES_CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.postgres_conn_id = postgres_conn_id


class AccountsOperator(RawDatabaseOperator):
    """An operator that works on some accounts, inside an :class:`AccountBatch`.

    :param accounts: connection ids of Megaplan accounts
    """

    template_fields: Sequence[str] = ("accounts",)
    operator_extra_links: Collection[BaseOperatorLink] = (MegaplanDealsLink(), ConsoleLink(), RunbookLink())

    def __init__(self, *, accounts: Collection[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts
