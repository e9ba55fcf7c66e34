"""Formats the certificates of a run for logs and asset events."""

from collections.abc import Sequence
from typing import Any

from megaplan_sync.kernel.certificate import Certificate

_COUNTS = ["missing", "stale", "extra", "repaired", "deleted", "unresolved"]
_COLUMNS = [
    "entity",
    "verdict",
    "in_megaplan",
    "in_table",
    "same",
    *_COUNTS,
    "unreadable",
    "requests",
    "seconds",
]


def report(certificates: Sequence[Certificate]) -> str:
    """Return a table and its sums for each account, then the reasons of the certificates."""
    import pandas as pd  # not while a DAG file is parsed

    frame = pd.DataFrame([certificate.as_dict() for certificate in certificates])
    frame = frame.rename(columns={"requests_used": "requests", "duration": "seconds"})
    for column in ("in_megaplan", "same"):
        frame[column] = frame[column].astype("Int64").astype("string").fillna("?")
    lines: list[str] = []
    for account, of_account in frame.groupby("account"):
        sums = of_account[_COUNTS].sum()
        lines += [
            f"Account {account}: " + ", ".join(f"{count} {name}" for name, count in sums.items()),
            *of_account[_COLUMNS].to_string(index=False).splitlines(),
            "",
        ]
    lines += [
        f"{certificate.entity} of {certificate.account}: {certificate.reason}"
        for certificate in certificates
        if certificate.reason
    ]
    return "\n".join(lines).rstrip()


def event_extra(certificates: Sequence[Certificate]) -> dict[str, Any]:
    """Return the extra of the asset event: the sums, and every certificate."""
    return {
        "good": all(certificate.is_good for certificate in certificates),
        "unresolved": sum(certificate.unresolved for certificate in certificates),
        "repaired": sum(certificate.repaired for certificate in certificates),
        "deleted": sum(certificate.deleted for certificate in certificates),
        "unreadable": sum(certificate.unreadable for certificate in certificates),
        "certificates": [certificate.as_dict() for certificate in certificates],
    }


def describe_problem(certificate: Certificate) -> str:
    """Return one sentence about what is wrong with a certificate."""
    problem = f"{certificate.entity} of {certificate.account}: {certificate.verdict}"
    if certificate.unresolved:
        problem += f", {certificate.unresolved} unresolved"
    return f"{problem}. {certificate.reason}" if certificate.reason else f"{problem}."
