"""Updates the contacts of deals in UIS: new ones in batches, changed ones one by one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from megaplan_sync.uis_upload.batch_sender import BatchSender
from megaplan_sync.uis_upload.deal_records import FIRST_DAY
from megaplan_sync.uis_upload.directory_ledger import TRIES, DirectoryLedger, SentRow
from megaplan_sync.uis_upload.remedies import remedy_of
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook import deals
from uis_hook.deals import MAX_BATCH, DealContact
from uis_hook.exceptions import (
    UisDuplicateError,
    UisNotFoundError,
    UisServerError,
    UisTransportError,
    UisValidationError,
)
from uis_hook.phones import phone_digits

log = logging.getLogger(__name__)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_VALUE = re.compile(r"(phone_numbers|emails)\D{0,2}(\d+)?")


@dataclass(frozen=True)
class DueContact:
    """A contact to send; ``left_out`` lists what UIS does not accept of it."""

    ext_id: str
    content_hash: str
    contact: DealContact
    left_out: tuple[str, ...] = ()

    @property
    def content(self) -> dict[str, Any]:
        """What is compared with UIS."""
        return {
            "name": self.contact.name,
            "phones": list(self.contact.phone_numbers),
            "emails": list(self.contact.emails),
        }

    def row(self) -> SentRow:
        """Return the ledger row for when UIS has the contact."""
        return SentRow(self.ext_id, self.content_hash, self.content, "; ".join(self.left_out) or None)


def due_contact(ext_id: str, facts: Mapping[str, Any], content_hash: str, now: datetime) -> DueContact:
    """Build a contact from facts; phones that are not in full international form are left out."""
    phones, emails, left_out = [], [], []
    for phone in facts["phones"]:
        try:
            phones.append(phone_digits(phone))
        except ValueError:
            left_out.append("a phone that is not a full international number")
    for email in facts["emails"]:
        if _EMAIL.fullmatch(email):
            emails.append(email)
        else:
            left_out.append("an invalid e-mail")
    created = datetime.fromisoformat(facts["created_at"]) if facts["created_at"] else None
    unique_emails = {email.lower(): email for email in reversed(emails)}
    contact = DealContact(
        ext_id=ext_id,
        name=str(facts["name"]),
        phone_numbers=tuple(dict.fromkeys(phones)),
        emails=tuple(reversed(unique_emails.values())),
        created_at=created if created is not None and FIRST_DAY <= created <= now else None,
    )
    return DueContact(ext_id, content_hash, contact, tuple(left_out))


class Contacts:
    """The contacts of one account's deals."""

    def __init__(self, session: UploadSession) -> None:
        self._session = session
        self._uis = session.uis
        self._ledger = DirectoryLedger(session, "contact")
        self._sender = BatchSender[DueContact](
            self._create, self._repair_or_fail, lambda due: 1, lambda due: due.ext_id
        )

    def adopt(self) -> None:
        """Add the contacts that UIS has to the ledger; their content is compared before anything is sent."""
        start = f"{self._session.prefix}-contact-"
        rows = self._uis.rows(deals.beginning_with(deals.deal_contacts(), start))
        ours = [adopted_contact(row) for row in rows if str(row.get("ext_id")).startswith(start)]
        self._ledger.adopt(ours)
        self._session.count("contacts_adopted", len(ours))

    def send_new(self) -> None:
        """Create the contacts that UIS lacks, up to 1000 at once."""
        for page in self._due(is_known=False):
            self._sender.deliver(page)

    def send_changed(self) -> None:
        """Update the contacts that differ in UIS; the API takes one for each request."""
        known = self._ledger.load()
        for page in self._due(is_known=True):
            same = [due for due in page if known[due.ext_id].content == due.content]
            self._ledger.save([due.row() for due in same])
            for due in page:
                if known[due.ext_id].content != due.content:
                    self._update(due)

    def _due(self, *, is_known: bool) -> Iterator[list[DueContact]]:
        after = 0
        while rows := self._session.execute(
            "select_upload_contacts",
            prefix=self._session.prefix,
            after=after,
            is_known=is_known,
            limit=MAX_BATCH,
        ):
            now = datetime.now(UTC)
            yield [due_contact(ext_id, facts, content_hash, now) for _, ext_id, facts, content_hash in rows]
            after = rows[-1][0]

    def _create(self, batch: Sequence[DueContact]) -> None:
        for tries in range(1, TRIES + 1):
            try:
                contacts = [due.contact for due in batch]
                self._uis.ask(deals.create_deal_contacts(self._uis.settings, contacts))
            except UisDuplicateError:
                left = self._missing_in_uis(batch)
                if len(left) == len(batch):
                    raise  # another field is a duplicate
                batch = left
            except (UisServerError, UisTransportError) as error:
                if tries == TRIES:
                    raise
                log.warning(
                    "%s Checking in %.0f s which contacts exist.", error, self._session.read_lag_seconds
                )
                self._session.sleep(self._session.read_lag_seconds)
                batch = self._missing_in_uis(batch)
            else:
                self._ledger.save([due.row() for due in batch])
                self._session.count("contacts_created", len(batch))
                return
            if not batch:
                return

    def _missing_in_uis(self, batch: Sequence[DueContact]) -> list[DueContact]:
        """Add the contacts of a batch that UIS has to the ledger; return the others."""
        wanted = {due.ext_id for due in batch}
        rows = self._uis.rows(*deals.with_ext_ids(deals.deal_contacts(), sorted(wanted)))
        present = {str(row["ext_id"]): row for row in rows if row.get("ext_id") in wanted}
        self._ledger.save([adopted_contact(row) for row in present.values()])
        self._session.count("contacts_created", len(present))
        return [due for due in batch if due.ext_id not in present]

    def _update(self, due: DueContact) -> None:
        while True:
            try:
                self._uis.ask(deals.update_deal_contact(self._uis.settings, due.contact))
            except UisNotFoundError:
                self._sender.deliver([due])
                return
            except UisValidationError as refusal:
                repaired = self._repair_or_fail(due, refusal)
                if repaired is None:
                    return
                due = repaired
            else:
                self._ledger.save([due.row()])
                self._session.count("contacts_changed")
                return

    def _repair_or_fail(self, due: DueContact, refusal: UisValidationError) -> DueContact | None:
        """Leave out a refused phone or e-mail; if something else is refused, the contact has failed."""
        repaired = _without_refused_value(due, refusal)
        if repaired is None:
            self._ledger.fail(due.ext_id, due.content_hash, refusal, remedy_of(refusal))
        return repaired


def adopted_contact(row: Mapping[str, Any]) -> SentRow:
    """Return the ledger row of a contact as UIS shows it; its hash matches no facts."""
    content = {
        "name": row.get("name"),
        "phones": [str(phone).removeprefix("+") for phone in row.get("phone_numbers") or ()],
        "emails": list(row.get("emails") or ()),
    }
    return SentRow(str(row["ext_id"]), "adopted", content)


def _without_refused_value(due: DueContact, refusal: UisValidationError) -> DueContact | None:
    found = _VALUE.search(refusal.field or "")
    if found is None:
        return None
    name, place = found.group(1), found.group(2)
    values: tuple[str, ...] = getattr(due.contact, name)
    if not values or (place is not None and int(place) >= len(values)):
        return None
    left = () if place is None else (*values[: int(place)], *values[int(place) + 1 :])
    contact = replace(due.contact, **{name: left})  # type: ignore[arg-type]
    return replace(
        due, contact=contact, left_out=(*due.left_out, f"{name} that UIS refuses: {refusal.mnemonic}")
    )
