"""Operator that deletes old certificates, versions of deals, and notes of nights."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import Context

from megaplan_sync.kernel.account_batch import NIGHT_SECONDS, AccountBatch
from megaplan_sync.kernel.account_operators import RawDatabaseOperator
from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.error_reporting import airflow_errors
from megaplan_sync.kernel.postgres import raw_database
from megaplan_sync.reconciliation.retention import (
    delete_old_certificates,
    delete_old_notes_of_nights,
    delete_old_versions,
)


class DeleteOldRowsOperator(RawDatabaseOperator):
    """Deletes certificates and versions older than the connections say; one that fails does not stop the others.

    :param accounts: batches of connection ids
    """

    template_fields: Sequence[str] = ("accounts",)

    def __init__(self, *, accounts: Collection[Collection[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.accounts = accounts

    def execute(self, context: Context) -> dict[str, dict[str, int]]:
        """Return what was deleted of each account of which something was."""
        done: dict[str, dict[str, int]] = {}
        with airflow_errors(), raw_database(self.postgres_conn_id) as connection:
            notes = delete_old_notes_of_nights(connection)
        self.log.info("Deleted %d findings and states of nights that are older than 30 days", notes)
        with AccountBatch(self.log, seconds=NIGHT_SECONDS) as batch:
            batch.run(
                [conn_id for several in self.accounts or () for conn_id in several],
                lambda conn_id: self._delete(conn_id, done),
            )
        return done

    def _delete(self, conn_id: str, done: dict[str, dict[str, int]]) -> None:
        hook = account_hook(conn_id)
        settings, counts = hook.settings, {}
        with raw_database(self.postgres_conn_id) as connection:
            counts["certificates"] = delete_old_certificates(
                connection, hook.account, settings.keep_certificates_days
            )
            if settings.keep_versions_days is not None:
                counts["versions"] = delete_old_versions(
                    connection, hook.account, settings.keep_versions_days
                )
        if any(counts.values()):
            texts = ", ".join(f"{number} {what}" for what, number in counts.items())
            self.log.info("%s: deleted %s", hook.account, texts)
            done[hook.account] = counts
