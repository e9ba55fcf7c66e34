"""The operator that records an account's traffic for whoever looks into an oddity."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context, ObjectStoragePath
from airflow.sdk.exceptions import AirflowSkipException

from megaplan_sync.doctor.anonymiser import Anonymiser
from megaplan_sync.doctor.exceptions import RecordFolderError
from megaplan_sync.doctor.recording import Recording, read_megaplan, read_uis
from megaplan_sync.kernel.account_batch import AccountBatch
from megaplan_sync.kernel.account_operators import AccountsOperator
from megaplan_sync.kernel.account_session import account_hook, cabinet_hook, shared_budget
from megaplan_sync.kernel.postgres import raw_database, shared_raw_database
from megaplan_sync.raw.schema import prepare_raw_schema


class RecordTrafficOperator(AccountsOperator):
    """Reads what a first load reads, and writes the requests and answers, without anything personal, into an archive.

    Nothing in Megaplan, UIS or the raw tables is changed. Skipped without a folder.

    :param folder: a path, or an address such as ``s3://bucket/folder`` with Airflow's object storage
    :param most_pages: of each list
    """

    template_fields: Sequence[str] = ("accounts", "folder", "most_pages")

    def __init__(self, *, folder: str | None, most_pages: int | str = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = folder
        self.most_pages = most_pages

    def execute(self, context: Context) -> dict[str, str]:
        """Return where the archive of each account lies."""
        if not self.folder:
            raise AirflowSkipException("Nothing is to be recorded: the parameter record is empty")
        with AccountBatch(self.log) as batch:
            return batch.run(self.accounts, lambda conn_id: self._write(conn_id, self._record(conn_id)))

    def _record(self, conn_id: str) -> Recording:
        hook = account_hook(conn_id)
        region = hook.settings.vendor_quirks.default_phone_region
        recording = Recording(Anonymiser(secrets.token_bytes(32), region))
        hook.observe(recording.observer("megaplan"))
        with (
            raw_database(self.postgres_conn_id) as connection,
            shared_raw_database(self.postgres_conn_id) as shared,
        ):
            prepare_raw_schema(connection)
            hook.budget = shared_budget(shared, hook)
            read_megaplan(hook, connection, int(self.most_pages))
        if hook.settings.uis_conn_id:
            uis = cabinet_hook(hook.settings.uis_conn_id).client
            uis.observe(recording.observer("uis"))
            try:
                read_uis(uis, int(self.most_pages))
            finally:
                uis.close()
        return recording

    def _write(self, conn_id: str, recording: Recording) -> str:
        folder = str(self.folder)
        try:
            path = ObjectStoragePath(folder)
            path.mkdir(parents=True, exist_ok=True)
            file = path / f"{conn_id}-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
            file.write_bytes(recording.archive())
        except (OSError, ValueError, ImportError) as error:
            raise RecordFolderError(folder, type(error).__name__) from error
        where = str(file) if "://" in folder else f"{socket.gethostname()}:{file}"
        self.log.info("%s: %d requests and answers are in %s", conn_id, len(recording), where)
        return where
