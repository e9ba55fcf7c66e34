"""The ledger of deals: what UIS has of each, what is on its way, what is refused."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.uis_upload.deal_fields import FieldSource
from megaplan_sync.uis_upload.deal_records import DealFacts, Move
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook.deals import DealRecord

log = logging.getLogger(__name__)

STRETCH = 2000
"""Deals whose facts are made at once: enough for one request, few enough for the memory."""


@dataclass(frozen=True)
class PlannedDeal:
    """A deal with the records that are to be added to its history."""

    facts: DealFacts
    records: Sequence[DealRecord]

    def last(self, zone: ZoneInfo) -> dict[str, Any]:
        """Return the record that tells the deal's present state, as it is sent."""
        return self.records[-1].params(zone)


@dataclass(frozen=True)
class UnsettledDeal:
    """A deal in a request whose answer is not known."""

    deal_id: int
    ext_id: str
    sending: dict[str, Any]
    age_seconds: float


@dataclass(frozen=True)
class UnverifiedDeal:
    """A deal that nobody has seen in the report yet."""

    deal_id: int
    ext_id: str
    sent: dict[str, Any]
    sent_hash: str


class DealLedger:
    """The deals of one account."""

    def __init__(self, session: UploadSession) -> None:
        self._session = session
        self._own = {"account": session.account}

    def stretches(self) -> Iterator[tuple[int, int]]:
        """Yield the ids of all present deals in stretches: behind which, up to which."""
        after = 0
        while (
            last := self._session.execute("find_upload_stretch", after=after, deals=STRETCH)[0][0]
        ) is not None:
            yield after, last
            after = last

    def due(
        self, after: int, last: int, since: datetime | None, sources: Sequence[FieldSource], version: str
    ) -> list[DealFacts]:
        """Return the deals of a stretch that UIS has not, or has otherwise, by id.

        :param version: of the mapping, part of each hash
        """
        asked = {
            **self._own,
            "prefix": self._session.prefix,
            "mapping_version": version,
            "timezone": self._session.settings.account_timezone,
            "field_ext_ids": [source.ext_id for source in sources],
            "field_keys": [source.key for source in sources],
            "field_kinds": [source.kind for source in sources],
            "after": after,
            "last": last,
            "since": since,
        }
        return [
            DealFacts(*row)
            for row in self._session.connection.execute(read_sql("select_upload_deals"), asked)
        ]

    def moves(self, deal_ids: Sequence[int]) -> dict[int, list[Move]]:
        """Return the known moves between stages of some deals."""
        found: dict[int, list[Move]] = defaultdict(list)
        for deal_id, *move in self._session.execute("select_upload_moves", ids=list(deal_ids)):
            found[deal_id].append(Move(*move))
        return found

    def intend(self, deals: Sequence[PlannedDeal], zone: ZoneInfo) -> None:
        """Write down, on disk, what a request is about to hold."""
        self._session.execute(
            "intend_upload",
            deal_ids=[deal.facts.deal_id for deal in deals],
            ext_ids=[deal.facts.ext_id for deal in deals],
            hashes=[deal.facts.content_hash for deal in deals],
            sending=[Jsonb(deal.last(zone)) for deal in deals],
            records=[len(deal.records) for deal in deals],
        )

    def accept(self, deal_ids: Iterable[int]) -> None:
        """Note that UIS has taken what was on its way."""
        self._session.execute("accept_upload", deal_ids=list(deal_ids))

    def withdraw(self, deal_ids: Iterable[int]) -> None:
        """Note that UIS has surely not taken what was on its way."""
        self._session.execute("withdraw_upload", deal_ids=list(deal_ids))

    def fail(self, facts: DealFacts, reason: Exception | str, *, may_pass: bool = False) -> None:
        """Note why a deal is refused.

        :param may_pass: try it again in the next run, although nothing has changed in Megaplan
        """
        content_hash = "may pass" if may_pass else facts.content_hash
        rows = self._session.execute(
            "fail_upload",
            deal_id=facts.deal_id,
            ext_id=facts.ext_id,
            hash=content_hash,
            error=str(reason),
        )
        if rows[0][0]:
            log.warning("deal %s failed: %s", facts.ext_id, reason)
            self._session.count("deals_failed")

    def confirm(self, deals: Sequence[DealFacts]) -> None:
        """Note that UIS has just what would be sent."""
        if deals:
            self._session.execute(
                "confirm_uploads",
                deal_ids=[facts.deal_id for facts in deals],
                hashes=[facts.content_hash for facts in deals],
            )

    def unsettled(self) -> list[UnsettledDeal]:
        """Return what is on its way."""
        return self._rows(UnsettledDeal, "select_unsettled_uploads")

    def unverified(self, most_tries: int) -> list[UnverifiedDeal]:
        """Return what nobody has seen in the report yet, by creation."""
        return self._rows(UnverifiedDeal, "select_unverified_uploads", most_tries=most_tries)

    def has_any(self) -> bool:
        """Tell whether UIS has any deal, as far as is known here."""
        return bool(self._session.execute("has_uploads")[0][0])

    def adopt(self, found: Sequence[tuple[int, str, dict[str, Any], int]]) -> None:
        """Note deals as UIS was found to have them: id, id in UIS, last record, number of records."""
        if found:
            ids, ext_ids, sent, records = zip(*found, strict=True)
            self._session.execute(
                "adopt_uploads",
                deal_ids=list(ids),
                ext_ids=list(ext_ids),
                sent=[Jsonb(record) for record in sent],
                records=list(records),
            )

    def _rows(self, kind: type[Any], statement: str, **values: Any) -> list[Any]:
        with self._session.connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(read_sql(statement), {**self._own, **values}).fetchall()
