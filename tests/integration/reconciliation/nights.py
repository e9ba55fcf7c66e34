"""Nights of one loaded account: its reconciliation, and what the certificate has to say."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.certificate import Certificate
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.entities import CHILD_TABLES, ENTITIES
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from megaplan_sync.reconciliation.proposals import decide
from tests.integration import truth

Certificates = dict[str, Certificate]

CONTENT = {
    **dict.fromkeys((*ENTITIES, *CHILD_TABLES.values()), "id"),
    "contact_points": "(contact_id, position)",
    "custom_fields": "(entity, key, valid_from)",
}
"""Raw tables, and what their rows are ordered by."""

_OURS = "'first_synced_at', 'changed_at', 'deletion_evidence'"
"""Columns that say nothing of Megaplan."""
_HISTORY = "'valid_from', 'moved_at', 'moved_from_program_id', 'moved_from_state_id', 'move_seen_at'"
"""Columns of deals that say since when something has been known here."""


_ANOTHER = {
    "text": "coalesce({}, '') || '?'",
    "bigint": "coalesce({}, 0) + 1000000",
    "integer": "coalesce({}, 0) + 40",
    "numeric": "coalesce({}, 0) + 0.01",
    "boolean": "NOT coalesce({}, false)",
    "timestamp with time zone": "coalesce({}, now()) + interval '1 second'",
    "jsonb": "coalesce({}, '{{}}') || '{{\"by hand\": 1}}'",
}
"""Another value of each type."""


class Found(NamedTuple):
    """What a certificate counts; all of it is repaired or deleted."""

    missing: int = 0
    stale: int = 0
    extra: int = 0


@dataclass
class Night:
    """A loaded account, about to be reconciled.

    :param waits: seconds that were to be waited; ``while_waiting`` is called in their stead
    """

    uri: str
    megaplan: EmulatedMegaplan
    connect: Callable[..., str]
    database: Connection[Any]
    settings: dict[str, Any] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    while_waiting: Callable[[], object] = lambda: None
    rows_before: dict[str, int] = field(default_factory=dict)

    def change(self, *mutations: dict[str, Any]) -> list[Any]:
        """Change the account behind the API's back."""
        results: list[Any] = self.megaplan.control("mutate", list(mutations))
        return results

    def by_hand(self, statement: str, **values: Any) -> int:
        """Change the tables behind the project's back; return how many rows."""
        return self.database.execute(statement, values or None).rowcount

    def spoil(self, table: str, columns: Sequence[str], ids: Sequence[int], key: str = "id") -> None:
        """Change one column of each row by hand: the first column of the first row, and so on."""
        types = dict(
            self.database.execute(
                """SELECT column_name, data_type FROM information_schema.columns
                WHERE table_schema = 'megaplan_raw' AND table_name = %s""",
                (table,),
            ).fetchall()
        )
        for column, identity in zip(columns, ids, strict=True):
            change = _ANOTHER[types[column]].format(f'"{column}"')
            assert self.by_hand(
                f'UPDATE megaplan_raw.{table} SET "{column}" = {change} WHERE {key} = %(id)s', id=identity
            )

    def sync(self, *entities: str, full_refresh: bool = False) -> None:
        """Bring the tables up to date as the DAG's task does."""
        with Session.open(self.uri) as connection:
            AccountSync(self.hook(), connection, run_id=uuid4().hex).run(entities, full_refresh=full_refresh)

    def run(self, *entities: str, depth: str = "ids", approved: Collection[int] = ()) -> Certificates:
        """Reconcile; the log of requests holds this night's only."""
        run_id = uuid4().hex
        self.rows_before = {table: self.present(table) for table in CONTENT}
        self.megaplan.control("requests", method="DELETE")
        with Session.open(self.uri) as connection:
            for number in approved:
                decide(connection, number, "approved", "admin")
            account = AccountReconciliation(
                self.hook(), connection, run_id=run_id, depth=depth, sleep=self._wait
            )
            return {certificate.entity: certificate for certificate in account.run(entities)}

    def hook(self) -> MegaplanHook:
        """Return a hook that does not wait."""
        return MegaplanHook(self.connect(**self.settings), sleep=lambda seconds: None)

    def asked(self) -> dict[str, int]:
        """Return how many requests of each route this night has sent, ids left out, the login left out."""
        counts: dict[str, int] = {}
        for entry in self.megaplan.control("requests"):
            path = entry["path"].removeprefix("/api/v3")
            path = "/".join("<id>" if part.isdigit() else part for part in path.split("/"))
            if path != "/auth/access_token":
                counts[path] = counts.get(path, 0) + 1
        return counts

    def present(self, table: str) -> int:
        """Count the present rows of a raw table."""
        (rows,) = self.database.execute(
            "SELECT megaplan_sync.count_present(%s, account) FROM megaplan_sync.accounts", (table,)
        ).fetchone() or (0,)
        return int(rows)

    def rows(self, *tables: str) -> dict[str, list[Any]]:
        """Return whole rows, but for what is the project's own note of when it wrote them."""
        return {
            table: self.database.execute(
                f"""SELECT to_jsonb(entry) - ARRAY[{_OURS}{f", {_HISTORY}" if table == "deals" else ""}]
                FROM megaplan_raw.{table} AS entry ORDER BY {CONTENT[table]}"""
            ).fetchall()
            for table in tables or CONTENT
        }

    def _fingerprint(self) -> dict[str, Any]:
        """Return what differs as soon as any row does, in any column."""
        return {
            table: self.value(
                f"SELECT sum(hashtextextended(entry::text, 0)) FROM megaplan_raw.{table} AS entry"
            )
            for table in CONTENT
        }

    def value(self, statement: str, **values: Any) -> Any:
        """Return the only value of a query."""
        row = self.database.execute(statement, values).fetchone()
        return row[0] if row else None

    def assert_found(self, certificates: Certificates, **expected: Found) -> None:
        """Every certificate is proven and counts exactly what is expected of its table, the others nothing."""
        for table, certificate in certificates.items():
            found = expected.pop(table, Found())
            rows = self.rows_before[table]
            same = rows - found.stale - found.extra
            held = same + found.missing + found.stale
            assert _counts(certificate) == (
                "proven",
                rows,
                held,
                same,
                *found,
                found.missing + found.stale,
                found.extra,
                0,
            ), f"{table}: {certificate}"
            assert self.present(table) == held, table
        assert not expected, f"no certificates of {', '.join(expected)}"

    def assert_same_tomorrow(self, depth: str = "full") -> None:
        """The next night finds nothing, asks for no row by itself and changes nothing."""
        before = self._fingerprint()
        self.assert_found(self.run(depth=depth))
        by_themselves = {path for path in self.asked() if path.startswith("/bulk") or path.endswith("<id>")}
        assert by_themselves <= self.cards_of_bare_items, by_themselves
        assert self._fingerprint() == before

    @property
    def cards_of_bare_items(self) -> set[str]:
        """Routes of cards that a page of contacts itself needs: Megaplan prints some of its items as bare links."""
        return {"/contractor/<id>", "/contractorHuman/<id>", "/contractorCompany/<id>"}

    def assert_tables_are_megaplan(self) -> None:
        """What the emulator holds stands in the tables, worked out by other means than the project's."""
        truth.assert_tables_are_megaplan(self.database, self.megaplan)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.while_waiting()


def _counts(certificate: Certificate) -> tuple[Any, ...]:
    return (
        certificate.verdict,
        certificate.in_table,
        certificate.in_megaplan,
        certificate.same,
        certificate.missing,
        certificate.stale,
        certificate.extra,
        certificate.repaired,
        certificate.deleted,
        certificate.unresolved,
    )
