"""The certificate: what a run compared, repaired, deleted and left, for each account and entity."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row

from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.findings import Counts
from megaplan_sync.kernel.sql import read_sql

CALLS = "calls"
"""Entity of the certificates for calls, which compare UIS with Megaplan."""
Verdict = Literal["proven", "partial", "unreadable", "unresolved", "stopped"]


@dataclass(frozen=True)
class Certificate:
    """One row of ``megaplan_raw.certificates``; the table's comments say what each column means.

    :param unacknowledged: of unreadable, rows that no person has taken note of; not a column
    :param kept: of unresolved, rows that vanished and that a person has decided not to mark as deleted; not a column
    """

    account: str
    entity: str
    depth: str
    verdict: Verdict
    reason: str | None
    in_megaplan: int | None
    in_table: int
    same: int | None
    missing: int
    stale: int
    extra: int
    repaired: int
    deleted: int
    unresolved: int
    proposal: int | None
    requests_used: int
    duration: timedelta
    watermark: datetime | None
    unreadable: int = 0
    unacknowledged: int = 0
    kept: int = 0

    @classmethod
    def of(cls, run: EntityRun, counts: Counts) -> "Certificate":
        """Create the certificate of one table.

        How many rows are equal is unknown if the comparison was not finished.
        """
        compared = run.verdict in ("proven", "unreadable", "unresolved")
        same = run.rows_before - counts.stale - counts.extra
        return cls(
            account=run.account,
            entity=run.entity,
            depth=run.depth,
            verdict=run.verdict or "stopped",  # type: ignore[arg-type]
            reason=run.reason,
            in_megaplan=same + counts.missing + counts.stale if compared else None,
            in_table=run.rows_before,
            same=same if compared else None,
            missing=counts.missing,
            stale=counts.stale,
            extra=counts.extra,
            repaired=counts.repaired,
            deleted=counts.deleted,
            unreadable=counts.unreadable,
            unresolved=counts.unresolved,
            proposal=run.proposal,
            requests_used=run.requests,
            duration=timedelta(seconds=round(run.seconds, 3)),
            watermark=run.watermark,
            unacknowledged=counts.unacknowledged,
        )

    @classmethod
    def of_calls(cls, run: EntityRun, counts: Counts, expected: int | None) -> "Certificate":
        """Create the certificate of calls: UIS's report and the outbox are the source, Megaplan is the copy.

        :param expected: how many calls Megaplan must have; None if the comparison was not finished
        """
        same = None if expected is None else expected - counts.missing - counts.stale
        return replace(
            cls.of(run, counts),
            in_table=expected or 0,
            same=same,
            in_megaplan=None if same is None else same + counts.stale + counts.extra,
        )

    @property
    def is_good(self) -> bool:
        """Whether nobody has to act: all but rows that people know of is proven, or the next night continues."""
        if self.unacknowledged or self.unresolved > self.kept:
            return False
        return self.verdict in ("proven", "partial", "unreadable") or (
            self.verdict == "unresolved" and self.unresolved > 0
        )

    def doc(self) -> str:
        """Return the certificate as Markdown."""
        by = "whole content" if self.depth == "full" else "ids and change times"
        if self.entity == CALLS:
            by = "UIS's report and the outbox, which is the table"
        lines = [
            f"### {self.entity} of {self.account}: {self.verdict}",
            "",
            f"Compared by {by}: "
            f"{'?' if self.in_megaplan is None else self.in_megaplan} in Megaplan, {self.in_table} in the table.",
            "",
            "| same | missing | stale | extra | repaired | deleted | unresolved | unreadable |",
            "|---|---|---|---|---|---|---|---|",
            f"| {'?' if self.same is None else self.same} | {self.missing} | {self.stale} | {self.extra} "
            f"| {self.repaired} | {self.deleted} | {self.unresolved} | {self.unreadable} |",
            "",
            f"{self.requests_used} requests, {self.duration.total_seconds():.1f} s"
            + (f", up to {self.watermark:%Y-%m-%d %H:%M:%S} UTC." if self.watermark else "."),
        ]
        if self.reason:
            lines += ["", self.reason]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for XCom and asset events."""
        values = asdict(self)
        values["duration"] = self.duration.total_seconds()
        values["watermark"] = self.watermark.isoformat() if self.watermark else None
        return values


def save_certificates(
    connection: Connection[Any], run_id: str, timezone: str, certificates: Iterable[Certificate]
) -> None:
    """Save all certificates of a run for an account, or none.

    :param timezone: in which the account's days begin
    """
    with connection.transaction():
        connection.execute(read_sql("commit_durably"))
        for certificate in certificates:
            connection.execute(
                read_sql("save_certificate"),
                {**asdict(certificate), "run_id": run_id, "timezone": timezone, "doc": certificate.doc()},
            )


def certificates_of(connection: Connection[Any], run_id: str) -> list[Certificate]:
    """Return the certificates of a run."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(read_sql("select_certificates"), {"run_id": run_id})
        rows = cursor.fetchall()
    return [Certificate(**row) for row in rows]


def acknowledge_unreadable(connection: Connection[Any], accounts: Collection[str]) -> int:
    """Note that a person knows of the rows of these accounts that could not be stored; return how many are new."""
    return connection.execute(read_sql("acknowledge_unreadable"), {"accounts": list(accounts)}).rowcount


def unacknowledged_message(rows: int) -> str:
    """Return what to do about rows that Megaplan sent and no table can hold."""
    return (
        f"{rows} rows that Megaplan sent could not be stored: megaplan_raw.unreadable_rows has them with the reason. "
        "Correct them in Megaplan, or take note of them by triggering megaplan_reconciliation with "
        '{"acknowledge_unreadable": true}.'
    )
