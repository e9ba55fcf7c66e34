"""Uploads one account's deals to UIS: first what they refer to, then the deals."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from psycopg.types.json import Jsonb

from megaplan_sync.kernel.leases import leased
from megaplan_sync.uis_upload.contacts import Contacts
from megaplan_sync.uis_upload.deal_fields import ChosenFields, CustomField, choose_fields
from megaplan_sync.uis_upload.deal_ledger import DealLedger
from megaplan_sync.uis_upload.deal_records import RecordBuilder
from megaplan_sync.uis_upload.deal_uploads import DealUploads
from megaplan_sync.uis_upload.directory_ledger import DirectoryLedger, sync_names
from megaplan_sync.uis_upload.external_ids import employee_ext_id
from megaplan_sync.uis_upload.funnels import Funnels
from megaplan_sync.uis_upload.read_back import ReadBack
from megaplan_sync.uis_upload.session import UploadSession
from megaplan_sync.uis_upload.verification import Verification
from uis_hook import deals
from uis_hook.exceptions import UisLimitExceededError

log = logging.getLogger(__name__)


class AccountUpload:
    """One account's upload in one run.

    :param run_id: the counts of all its tasks are added up
    """

    def __init__(self, session: UploadSession, run_id: str) -> None:
        self._session = session
        self._run_id = run_id
        self._ledger = DealLedger(session)
        self._read_back = ReadBack(session, self._ledger)

    def send(
        self, *, since: datetime | None = None, full: bool = False, resend_failed: bool = False
    ) -> dict[str, int]:
        """Send everything that UIS lacks or has in another state; return counts.

        When the points are used up, the rest waits for the next run; this is not an error.

        :param since: only deals changed since then
        :param full: compare with UIS itself instead of the ledger
        :param resend_failed: try again what was refused
        """
        with self._counted(is_first=True):
            if resend_failed:
                self._session.execute("forget_kept_stages")
                self._session.count("retried", int(self._session.execute("clear_failed_uploads")[0][0]))
            self._read_back.resolve(own_request=False)
            contacts = Contacts(self._session)
            if full or not self._ledger.has_any():
                self._adopt(contacts)
            funnels = Funnels(self._session)
            plans = funnels.sync()
            fields = self._fields()
            self._employees()
            contacts.send_new()
            if {"contacts_created", "contacts_adopted"} & self._session.counts.keys():
                self._session.execute("analyze_upload_ledger")
            builder = RecordBuilder(
                plans,
                self._session.uis.settings.zone,
                self._session.uis.settings.vendor_quirks.deal_text_length,
                self._session.settings.base_url + self._session.settings.vendor_quirks.deal_card_path,
                frozenset(
                    ext_id
                    for ext_id, row in DirectoryLedger(self._session, "user_field").load().items()
                    if row.content_hash is not None
                ),
                funnels.refused,
            )
            uploads = DealUploads(self._session, self._ledger, builder)
            uploads.send(since, fields.sources)
            uploads.delete()
            contacts.send_changed()  # last: each takes a request of its own
        return self._session.counts

    def verify(self) -> dict[str, int]:
        """Look up in the report what is not verified yet; return counts."""
        with self._counted(is_first=False):
            Verification(self._session, self._ledger, self._read_back).run()
        return self._session.counts

    def _adopt(self, contacts: Contacts) -> None:
        """Rebuild the ledger from what UIS has."""
        for kind in ("funnel", "employee", "user_field"):
            DirectoryLedger(self._session, kind).reset()
        self._session.execute("reset_uploads")
        contacts.adopt()
        self._read_back.adopt()

    def _fields(self) -> ChosenFields:
        settings = self._session.settings
        known = [CustomField(*row) for row in self._session.execute("select_upload_fields")]
        fields = choose_fields(
            settings.connection_id, settings.uis_deal_fields, settings.uis_loss_reason_field, known
        )
        types = {field.ext_id: field.data_type for field in fields.user_fields}
        sync_names(
            self._session,
            "user_field",
            {field.ext_id: field.name for field in fields.user_fields},
            deals.deal_user_fields(),
            lambda ext_id, name: deals.create_deal_user_field(ext_id, name, types[ext_id]),
            deals.rename_deal_user_field,
        )
        return fields

    def _employees(self) -> None:
        wanted = {
            employee_ext_id(self._session.prefix, employee_id): name
            for employee_id, name in self._session.execute("select_upload_employees")
        }
        sync_names(
            self._session,
            "employee",
            wanted,
            deals.deal_employees(),
            deals.create_deal_employee,
            deals.rename_deal_employee,
        )

    @contextmanager
    def _counted(self, *, is_first: bool) -> Iterator[None]:
        """Keep other uploads of the account away, and save what the block did, however it ends.

        :param is_first: replace what the run reported as unfinished, instead of adding to it
        """
        with leased(self._session.connection, self._session.account, "uis upload", run_id=self._run_id):
            self._session.execute("delete_old_upload_runs")
            self._session.execute("begin_upload_run", run_id=self._run_id)
            sent_before, unfinished = self._session.uis.requests_sent, None
            counted_before = dict(self._session.counts)
            try:
                yield
            except UisLimitExceededError as error:
                log.warning("%s The rest waits for the next run.", error)
                unfinished = f"The cabinet's points are used up; the next run continues. {error}"
            finally:
                if not self._session.connection.closed:
                    self._session.execute(
                        "add_to_upload_run",
                        run_id=self._run_id,
                        requests=self._session.uis.requests_sent - sent_before,
                        counts=Jsonb(
                            {
                                name: number - counted_before.get(name, 0)
                                for name, number in self._session.counts.items()
                            }
                        ),
                        unfinished=unfinished,
                        is_first=is_first,
                    )
