"""Compares rows with their own payload, without asking Megaplan: rows changed here by hand are found.

Hash and typed columns are made anew from the payload. Columns and parts that differ are written anew from it. Where
the hash does not fit the payload, one of the two was changed: then only Megaplan knows, and the row is a suspect.
Rows that an earlier audit has verified, and that are still as they were then, are not made anew: see ``row_seals``.
"""

import logging
from collections.abc import Collection, Sequence
from typing import Any

import orjson
from psycopg import Connection

from megaplan_sync.kernel.account_lock import account_lock
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.json_text import JsonText
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.page_writers import OwnerWriter, RowWithParts
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter
from megaplan_sync.reconciliation.row_checksums import FIND_DIFFERING, RowSeals

log = logging.getLogger(__name__)

_NO_PAYLOAD = JsonText(b"")

_SELECT_PAYLOADS = {
    "deals": "select_chosen_payloads_of_deals",
    "contacts": "select_chosen_payloads_of_contacts",
}

StoredRow = tuple[int, str, str]
"""Id, payload and content hash."""


class Audit:
    """The audit of one account's deals or contacts.

    :param seals: tells which rows were verified before
    """

    def __init__(
        self,
        connection: Connection[Any],
        account: str,
        entity: str,
        writer: OwnerWriter,
        recorded: RecordedWriter,
        findings: Findings,
        seals: RowSeals,
    ) -> None:
        self._connection = connection
        self._account = account
        self._entity = entity
        self._writer = writer
        self._recorded = recorded
        self._findings = findings
        self._seals = seals

    def run(self) -> None:
        """Look at every present row; repairs are transactions of their own."""
        for ids in self._seals.unverified():
            with self._connection.transaction():
                self._connection.execute(read_sql("read_one_snapshot"))
                rows = self._payloads(ids)
                staged, suspects = self._sorted(rows)
                differing = self._differing(staged)
                verified = {made.row.id for made in staged}.difference(differing)
                seals = self._seals.of(sorted(verified))
            self._seals.save(seals)
            self._findings.note("suspect", [RowKey(identity) for identity in suspects])
            if differing:
                self._repair(differing)

    def _repair(self, ids: Sequence[int]) -> None:
        """Write rows anew that differ from their payload; those that another run was just writing do not."""
        with account_lock(self._connection, self._account):
            rows = self._payloads(ids)
            staged, _ = self._sorted(rows)
            differing = self._differing(staged)
            if differing:
                log.info(
                    "%s of %s: %d rows were changed here by hand, written anew from their payload",
                    self._entity, self._account, len(differing),
                )  # fmt: skip
                payloads = {identity: orjson.loads(payload) for identity, payload, _ in rows}
                self._recorded.write([payloads[identity] for identity in differing], distrusted=differing)

    def _sorted(self, rows: Sequence[StoredRow]) -> tuple[list[RowWithParts], list[int]]:
        """Return rows made anew from their payload, and the ids of those whose hash it does not fit."""
        fitting: list[RowWithParts] = []
        suspects: list[int] = []
        for identity, payload, content_hash in rows:
            made = self._made_anew(identity, payload)
            if made is None or made.row.content_hash != content_hash or made.row.id != identity:
                suspects.append(identity)
            else:
                fitting.append(made)
        return fitting, suspects

    def _made_anew(self, identity: int, payload: str) -> RowWithParts | None:
        try:
            return self._writer.rows_of(self._account, orjson.loads(payload))
        except Exception as error:  # whatever somebody wrote into the payload by hand
            log.warning(
                "%s %d of %s: its payload cannot be read (%r)", self._entity, identity, self._account, error
            )
            return None

    def _differing(self, staged: Sequence[RowWithParts]) -> list[int]:
        """Return the ids whose columns or parts are not what their payload says."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._writer.owners.stage(cursor, [made.row._replace(payload=_NO_PAYLOAD) for made in staged])
            self._writer.parts.stage(
                cursor, [part._replace(payload=_NO_PAYLOAD) for made in staged for part in made.parts]
            )
            cursor.execute(read_sql("prefer_indexes"))
            cursor.execute(read_sql(FIND_DIFFERING[self._entity]))
            return [identity for (identity,) in cursor.fetchall()]

    def _payloads(self, ids: Collection[int]) -> list[StoredRow]:
        with self._connection.transaction():
            self._connection.execute(read_sql("prefer_indexes"))
            found: list[StoredRow] = self._connection.execute(
                read_sql(_SELECT_PAYLOADS[self._entity]), {"account": self._account, "ids": list(ids)}
            ).fetchall()
        return found
