"""The ledger of deals: what UIS has of each, what is in flight, and what failed."""

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
from megaplan_sync.uis_upload.remedies import Remedy
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook.clearing import Clearing
from uis_hook.deals import DealRecord

log = logging.getLogger(__name__)

DEALS_PER_RANGE = 2000
"""Deals whose facts are selected at once: enough for a request, few enough for memory."""


@dataclass(frozen=True)
class PlannedDeal:
    """A deal with the records to add to its history."""

    facts: DealFacts
    records: Sequence[DealRecord]

    def last(self, zone: ZoneInfo, clearing: Clearing | None = None) -> dict[str, Any]:
        """Return the record of the deal's current state, as it is sent."""
        return self.records[-1].params(zone, clearing)


@dataclass(frozen=True)
class DealInFlight:
    """A deal in a request whose outcome is unknown."""

    deal_id: int
    ext_id: str
    sending: dict[str, Any]
    age_seconds: float


@dataclass(frozen=True)
class UnverifiedDeal:
    """A deal that has not been seen in the report yet."""

    deal_id: int
    ext_id: str
    sent: dict[str, Any]
    sent_hash: str


class DealLedger:
    """The deals of one account."""

    def __init__(self, session: UploadSession) -> None:
        self._session = session
        self._own = {"account": session.account}

    def id_ranges(self) -> Iterator[tuple[int, int]]:
        """Yield id ranges that cover all deals: the first id is exclusive, the last one inclusive."""
        after = 0
        while (
            last := self._session.execute("find_upload_id_range", after=after, deals=DEALS_PER_RANGE)[0][0]
        ) is not None:
            yield after, last
            after = last

    def due(
        self, after: int, last: int, since: datetime | None, sources: Sequence[FieldSource], version: str
    ) -> list[DealFacts]:
        """Return the deals of a range of ids that UIS lacks or has in another state.

        :param version: of the mapping, part of each hash
        """
        values = {
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
            for row in self._session.connection.execute(read_sql("select_upload_deals"), values)
        ]

    def moves(self, deal_ids: Sequence[int]) -> dict[int, list[Move]]:
        """Return the known stage moves of some deals."""
        found: dict[int, list[Move]] = defaultdict(list)
        for deal_id, *move in self._session.execute("select_upload_moves", ids=list(deal_ids)):
            found[deal_id].append(Move(*move))
        return found

    def intend(self, deals: Sequence[PlannedDeal], zone: ZoneInfo, clearing: Clearing) -> None:
        """Save what a request is about to contain, on disk."""
        self._session.execute(
            "intend_upload",
            deal_ids=[deal.facts.deal_id for deal in deals],
            ext_ids=[deal.facts.ext_id for deal in deals],
            hashes=[deal.facts.content_hash for deal in deals],
            sending=[Jsonb(deal.last(zone, clearing)) for deal in deals],
            records=[len(deal.records) for deal in deals],
        )

    def accept(self, deal_ids: Iterable[int]) -> None:
        """Note that UIS has accepted what was in flight."""
        self._session.execute("accept_upload", deal_ids=list(deal_ids))

    def withdraw(self, deal_ids: Iterable[int]) -> None:
        """Note that UIS has certainly not accepted what was in flight."""
        self._session.execute("withdraw_upload", deal_ids=list(deal_ids))

    def fail(
        self, facts: DealFacts, reason: Exception | str, remedy: Remedy, *, retry_at: datetime | None = None
    ) -> None:
        """Save why a deal failed, and who can mend it.

        :param retry_at: when it is tried again, even if nothing has changed in Megaplan; None: not at all
        """
        rows = self._session.execute(
            "fail_upload",
            deal_id=facts.deal_id,
            ext_id=facts.ext_id,
            hash=facts.content_hash,
            error=str(reason),
            remedy=remedy,
            retry_at=retry_at,
        )
        if rows[0][0]:
            log.warning("deal %s failed (%s): %s", facts.ext_id, remedy, reason)
            self._session.count("deals_waiting" if remedy == "wait" else "deals_failed")

    def confirm(self, deals: Sequence[DealFacts]) -> None:
        """Note that UIS already has what would be sent."""
        if deals:
            self._session.execute(
                "confirm_uploads",
                deal_ids=[facts.deal_id for facts in deals],
                hashes=[facts.content_hash for facts in deals],
            )

    def in_flight(self) -> list[DealInFlight]:
        """Return the deals of requests whose outcome is unknown."""
        return self._rows(DealInFlight, "select_uploads_in_flight")

    def unverified(self, most_tries: int) -> list[UnverifiedDeal]:
        """Return the deals that have not been seen in the report yet, by creation."""
        return self._rows(UnverifiedDeal, "select_unverified_uploads", most_tries=most_tries)

    def has_any(self) -> bool:
        """Return whether UIS has any deal, according to the ledger."""
        return bool(self._session.execute("has_uploads")[0][0])

    def adopt(self, found: Sequence[tuple[int, str, dict[str, Any], int]]) -> None:
        """Add deals found in UIS: id, id in UIS, last record, number of records."""
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
