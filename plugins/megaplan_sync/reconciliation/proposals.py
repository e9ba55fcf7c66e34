"""Deletion proposals: rows that vanished together, marked as deleted only after a person has approved them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from psycopg import Connection

from megaplan_sync.kernel.exceptions import UnknownProposalError
from megaplan_sync.kernel.sql import for_table, read_sql

Kind = Literal["deletion", "visibility"]
Decision = Literal["approved", "rejected"]


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
    decided_by: str | None
    proposed_at: datetime

    @property
    def run_id(self) -> str:
        """Run of ``megaplan_deletions`` that asks about it; numbers begin again in another database, times do not."""
        return f"proposal_{self.number}_{self.proposed_at.astimezone(UTC):%Y-%m-%dT%H%M%S}"

    def __str__(self) -> str:
        return (
            f"{self.number}: {self.row_count} of {self.of_rows} {self.entity} of {self.account} ({self.kind})"
        )


@dataclass
class ProposedRows:
    """Rows of one table that are in proposals: proposal number by id."""

    open: dict[int, int]
    rejected: dict[int, int]
    approved: dict[int, int]
    approved_kinds: dict[int, Kind]


def waiting_proposals(connection: Connection[Any]) -> list[Proposal]:
    """Return the proposals that nobody has decided on."""
    return [Proposal(*row) for row in connection.execute(read_sql("select_waiting_proposals")).fetchall()]


def where_to_decide(number: int) -> str:
    """Return one sentence for people."""
    return f"Approve or reject proposal {number} under Required Actions (DAG megaplan_deletions)."


def find_proposal(connection: Connection[Any], number: int) -> Proposal:
    """Return one proposal.

    :raises UnknownProposalError: there is none with this number
    """
    row = connection.execute(read_sql("select_proposal"), {"number": number}).fetchone()
    if row is None:
        raise UnknownProposalError(number, map(str, waiting_proposals(connection)))
    return Proposal(*row)


def decide(connection: Connection[Any], number: int, decision: Decision, decided_by: str) -> bool:
    """Save what a person has decided; return False if there is nothing to decide any more."""
    with connection.transaction():
        connection.execute(read_sql("commit_durably"))
        values = {"number": number, "state": decision, "decided_by": decided_by}
        is_decided = connection.execute(read_sql("decide_on_proposal"), values).rowcount > 0
        if is_decided and decision == "approved":
            connection.execute(read_sql("forget_token_user"), {"number": number})
    return is_decided


def names_of_rows(
    connection: Connection[Any], proposal: Proposal, most: int
) -> list[tuple[int, str | None, int]]:
    """Return the first rows of a proposal: id, name, and how many rows there are in all."""
    statement = for_table("select_names_of_proposed_rows", proposal.entity)
    return connection.execute(statement, {"number": proposal.number, "most": most}).fetchall()


def proposed_rows(connection: Connection[Any], account: str, entity: str) -> ProposedRows:
    """Return the rows of one table that are in unsettled proposals."""
    rows = connection.execute(
        read_sql("select_proposed_rows"), {"account": account, "entity": entity}
    ).fetchall()
    by_state: dict[str, dict[int, int]] = {"open": {}, "rejected": {}, "approved": {}}
    for number, state, _, identity in rows:
        by_state[state][identity] = number
    return ProposedRows(
        **by_state, approved_kinds={number: kind for number, state, kind, _ in rows if state == "approved"}
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
