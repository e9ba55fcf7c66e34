"""The certificates of a run as one table for people."""

from collections.abc import Sequence
from typing import Any

from megaplan_sync.reconciliation.certificate import Certificate

_COLUMNS = [
    "account",
    "entity",
    "verdict",
    "depth",
    "in_megaplan",
    "in_table",
    "same",
    "missing",
    "stale",
    "extra",
    "repaired",
    "deleted",
    "unresolved",
    "requests_used",
    "duration",
]


def report(certificates: Sequence[Certificate]) -> str:
    """Return the table, sums of every account and what else there is to say."""
    import pandas as pd  # not while a DAG file is parsed

    frame = pd.DataFrame([certificate.as_dict() for certificate in certificates])
    shown = frame[_COLUMNS].rename(columns={"requests_used": "requests", "duration": "seconds"})
    for column in ("in_megaplan", "same"):
        shown[column] = shown[column].astype("Int64").astype("string").fillna("?")
    sums = frame.groupby("account")[["missing", "stale", "extra", "repaired", "deleted", "unresolved"]].sum()
    parts = [shown.to_string(index=False), "", sums.to_string()]
    parts += [
        f"{certificate.entity} of {certificate.account}: {certificate.reason}"
        for certificate in certificates
        if certificate.reason
    ]
    return "\n".join(parts)


def event_extra(certificates: Sequence[Certificate]) -> dict[str, Any]:
    """Return what the asset event says: the sums, and every certificate."""
    return {
        "good": all(certificate.is_good for certificate in certificates),
        "unresolved": sum(certificate.unresolved for certificate in certificates),
        "repaired": sum(certificate.repaired for certificate in certificates),
        "deleted": sum(certificate.deleted for certificate in certificates),
        "certificates": [certificate.as_dict() for certificate in certificates],
    }
