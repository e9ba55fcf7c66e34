"""Deletion proposals: rows that vanished together, marked as deleted only after a person has approved them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from psycopg import Connection

from megaplan_sync.kernel.exceptions import SettledProposalError, UnknownProposalError
from megaplan_sync.kernel.sql import read_sql

Kind = Literal["deletion", "visibility"]


class Proposal(NamedTuple):
    """One row of ``megaplan_sync.deletion_proposals``."""

    number: int
    account: str
    entity: str
    kind: Kind
    row_count: int
    of_rows: int
    state: str
    reason: str
    approved_by: str | None
    proposed_at: Any

    def __str__(self) -> str:
        return (
            f"{self.number}: {self.row_count} of {self.of_rows} {self.entity} of {self.account} ({self.kind})"
        )


@dataclass
class ProposedRows:
    """Rows of one table that are in proposals: proposal number by id."""

    open: dict[int, int]
    approved: dict[int, int]
    approved_kinds: dict[int, Kind]


def waiting_proposals(connection: Connection[Any], numbers: Collection[int] = ()) -> list[Proposal]:
    """Return the proposals with these numbers; all unsettled ones if empty."""
    rows = connection.execute(read_sql("select_proposals"), {"numbers": list(numbers)}).fetchall()
    return [Proposal(*row) for row in rows]


def approve(connection: Connection[Any], numbers: Collection[int], run_id: str) -> list[Proposal]:
    """Approve proposals by their numbers.

    :returns: the proposals
    :raises UnknownProposalError: there is no proposal with this number
    :raises SettledProposalError: another run has applied it, or it was withdrawn
    """
    if not numbers:
        return []
    found = {proposal.number: proposal for proposal in waiting_proposals(connection, numbers)}
    if unknown := sorted(set(numbers) - found.keys()):
        raise UnknownProposalError(unknown, map(str, waiting_proposals(connection)))
    for proposal in found.values():
        if proposal.state in ("settled", "withdrawn") and proposal.approved_by != run_id:
            raise SettledProposalError(proposal.number, proposal.state)
    connection.execute(read_sql("forget_token_users"), {"numbers": list(numbers)})
    connection.execute(read_sql("approve_proposals"), {"numbers": list(numbers), "run_id": run_id})
    return list(found.values())


def proposed_rows(connection: Connection[Any], account: str, entity: str) -> ProposedRows:
    """Return the rows of one table that are in unsettled proposals."""
    rows = connection.execute(
        read_sql("select_proposed_rows"), {"account": account, "entity": entity}
    ).fetchall()
    approved = {identity: number for number, state, _, identity in rows if state == "approved"}
    return ProposedRows(
        {
            identity: number
            for number, state, _, identity in rows
            if state == "open" and identity not in approved
        },
        approved,
        {number: kind for number, state, kind, _ in rows if state == "approved"},
    )


def propose(
    connection: Connection[Any],
    account: str,
    entity: str,
    *,
    kind: Kind,
    ids: Sequence[int],
    of_rows: int,
    reason: str,
    run_id: str,
) -> int:
    """Store a proposal and return its number."""
    row = connection.execute(
        read_sql("insert_proposal"),
        {
            "account": account,
            "entity": entity,
            "kind": kind,
            "ids": list(ids),
            "of_rows": of_rows,
            "reason": reason,
            "run_id": run_id,
        },
    ).fetchone()
    if row is None:
        raise LookupError("the proposal was not stored")
    return int(row[0])


def settle_rows(connection: Connection[Any], account: str, entity: str, ids: Collection[int]) -> None:
    """Remove rows from their proposals, since they are marked as deleted or present again."""
    values = {"account": account, "entity": entity, "ids": list(ids)}
    connection.execute(read_sql("delete_proposed_rows"), values)
    connection.execute(read_sql("settle_proposals"), values)
