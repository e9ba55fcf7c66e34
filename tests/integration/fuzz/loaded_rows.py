"""Compares what was served with what was stored, by means of its own."""

import json
from decimal import Decimal
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.certificate import Certificate
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration.fuzz.mutations import Digits
from tests.integration.fuzz.odd_megaplan import OddMegaplan

_TABLES = {
    "currencies": "/currency",
    "departments": "/department",
    "advertising_ways": "/contractorAdvertisingWay",
    "contact_types": "/contractorType",
    "employees": "/employee",
    "pipelines": "/program",
    "contacts": "/contractor",
    "deals": "/deal",
}


class Loaded:
    """The raw tables of one account."""

    def __init__(self, database: Connection[Any]) -> None:
        self._database = database
        names = database.execute(
            """SELECT format('DELETE FROM %I.%I;', table_schema, table_name)
            FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
            WHERE column_name = 'account' AND table_type = 'BASE TABLE'
              AND table_schema IN ('megaplan_raw', 'megaplan_sync')
            ORDER BY table_name DESC"""
        )
        self._wipe = " ".join(statement for (statement,) in names)

    def wipe(self) -> None:
        """Empty all tables."""
        self._database.execute(self._wipe)  # type: ignore[call-overload]

    def check(self, odd: OddMegaplan, outcomes: list[EntityOutcome]) -> None:
        """Every row that was served is stored or set aside, nothing else is, and the counts say so."""
        for outcome in outcomes:
            if outcome.entity not in _TABLES:
                continue
            stored, set_aside, wanted = self._check_table(outcome.entity, odd)
            assert stored <= wanted, f"{outcome.entity}: {stored - wanted} was never served"
            assert outcome.read == outcome.inserted + outcome.updated + outcome.unchanged + outcome.unreadable
            assert outcome.unchanged >= 0
            assert outcome.inserted + outcome.updated >= len(stored), outcome
            assert outcome.unreadable >= set_aside, outcome

    def check_night(self, odd: OddMegaplan, certificates: list[Certificate], depth: str) -> None:
        """The night has compared everything, and says *proven* only of tables without unreadable rows."""
        for certificate in certificates:
            if certificate.entity in _TABLES:
                assert certificate.verdict in ("proven", "unreadable", "unresolved"), certificate
                if depth == "ids" and certificate.entity in ("deals", "contacts"):
                    continue  # no content was read
                _, set_aside, _ = self._check_table(certificate.entity, odd)
                assert (certificate.verdict == "proven") == (set_aside == 0), certificate
                assert certificate.unreadable == set_aside, certificate

    def _check_table(self, table: str, odd: OddMegaplan) -> tuple[set[int], int, set[int]]:
        rows = dict(
            self._database.execute(
                f"SELECT id, payload::text FROM megaplan_raw.{table} WHERE deleted_at IS NULL"  # type: ignore[arg-type]
            ).fetchall()
        )
        set_aside = self._database.execute(
            "SELECT id, reason, body FROM megaplan_raw.unreadable_rows WHERE entity = %s", (table,)
        ).fetchall()
        aside = {identity for identity, _, _ in set_aside}
        assert all(reason and body for _, reason, body in set_aside)
        wanted: dict[int, list[dict[str, Any]]] = {}
        for row in odd.served[_TABLES[table]]:
            identity = _identity(row)
            if identity is None and isinstance(row, dict) and row.get("id") in map(str, rows):
                continue  # its card can be stored
            if identity is None:
                assert set_aside, f"{table}: {str(row)[:200]} was neither loaded nor set aside"
            elif (
                len(row) == 2 and identity not in rows and str(identity) not in odd.known_ids[_TABLES[table]]
            ):
                continue  # a bare row that was given another id: its card answers 404
            elif identity in rows or str(identity) in aside:
                wanted.setdefault(identity, []).append(row)
            else:
                raise AssertionError(f"{table} {identity} was neither loaded nor set aside")
        for identity in rows.keys() & wanted.keys():
            text = rows[identity]
            if str(identity) in aside:  # stored before it became odd
                continue
            stored = json.loads(text, parse_float=Decimal, parse_int=Decimal)
            differences = [_differences(row, stored) for row in wanted[identity]]
            assert not all(differences), f"{table} {identity}: {differences}"[:2000]
        return set(rows), len(set_aside), set(wanted)


def _identity(row: Any) -> int | None:
    """Return the id of a row that can be stored."""
    if not isinstance(row, dict) or not isinstance(row.get("contentType"), str) or not row["contentType"]:
        return None
    identity = row.get("id")
    if isinstance(identity, Digits) and identity.text == "9007199254740993":
        identity = int(identity.text)
    if isinstance(identity, bool) or not isinstance(identity, str | int):
        return None
    text = str(identity)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63 else None


def _differences(row: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of a served row that are not stored as they were."""
    if len(row) <= 2:
        return {}  # a link: the row was printed elsewhere
    return {
        key: (value, stored.get(key, "absent"))
        for key, value in row.items()
        if key != "states"
        and not isinstance(value, dict | list)
        and not _same(value, stored.get(key.replace("\0", "\ufffd"), "absent"))
    }


def _same(served: Any, stored: Any) -> bool:
    if isinstance(served, Digits):
        number = Decimal(served.text)
        is_finite = number.is_finite() and abs(number) < Decimal("1.8e308")
        return stored is None if not is_finite else bool(stored == number)
    if isinstance(served, str):
        return bool(stored == served.replace("\0", "\ufffd").replace("\ud83d", "?"))
    if isinstance(served, bool) or served is None:
        return stored is served
    return bool(stored == Decimal(repr(served)))
