"""What a person reads who decides on a deletion proposal, in Markdown."""

import re
from typing import Any

from psycopg import Connection

from megaplan_sync.reconciliation.proposals import Proposal, names_of_rows

_MOST_ROWS = 50
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")


def subject(proposal: Proposal) -> str:
    """Return the headline."""
    rows = f"{proposal.row_count} of {proposal.of_rows} {proposal.entity}"
    return f"Proposal {proposal.number}: mark {rows} of {proposal.account} as deleted?"


def question(connection: Connection[Any], proposal: Proposal) -> str:
    """Return the reason, what each answer does, and the rows."""
    rows = names_of_rows(connection, proposal, _MOST_ROWS)
    total = rows[0][2] if rows else 0
    lines = [
        plain(proposal.reason),
        "",
        "- **Approve**: each row is requested from Megaplan once more, and marked (`deleted_at`, "
        "`deletion_evidence`) only if it is gone. No row is removed from the table."
        + (
            " Rows that the connection's user is not allowed to see any more are marked, too, and its rights are "
            "accepted as they are."
            if proposal.kind == "visibility"
            else ""
        ),
        "- **Reject**: the rows stay as they are, and later nights do not ask again.",
        "",
        f"Rows of `megaplan_raw.{proposal.entity}`: {total}",
        "",
        "| id | name |",
        "|---|---|",
        *(f"| {identity} | {plain(name or '')} |" for identity, name, _ in rows),
    ]
    if total > len(rows):
        lines += [
            "",
            f"… and {total - len(rows)} more: "
            f"`SELECT id FROM megaplan_sync.proposed_rows WHERE number = {proposal.number}`",
        ]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return text that came from Megaplan so that Markdown shows it as it is, in one line."""
    line = " ".join(text.split())
    return _MARKDOWN.sub(r"\\\1", line)
