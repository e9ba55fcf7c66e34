"""The certificate of an upload: the entity ``uis_deals`` in ``megaplan_raw.certificates``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from megaplan_sync.kernel.certificate import Certificate, Verdict, save_certificates
from megaplan_sync.uis_upload.session import UploadSession

ENTITY = "uis_deals"
_SORTS = {
    "wait": "wait and are retried by themselves",
    "mend in Megaplan": "to mend in Megaplan",
    "mend in UIS": "to mend in UIS",
    "ours": "of this package",
}


def certify(session: UploadSession, run_id: str) -> Certificate:
    """Create and save the certificate of a run for an account.

    The columns mean: *missing* deals were or are not in UIS, *stale* ones were or are there in another state;
    *repaired* ones of both were sent by this run; *extra* ones were in UIS and no longer in Megaplan.
    """
    ((in_megaplan, in_uis, same, differing, failed, unseen, directories),) = session.execute("count_uploads")
    ((requests, counts, unfinished, seconds),) = session.execute("select_upload_run", run_id=run_id)
    created, changed, deleted = (
        int(counts.get(name, 0)) for name in ("deals_created", "deals_changed", "deals_deleted")
    )
    absent = max(0, in_megaplan - in_uis)
    missing, stale = created + absent, changed + differing + unseen
    unresolved = absent + differing + unseen
    verdict: Verdict = (
        "partial" if unfinished else "unresolved" if unresolved or failed or directories else "proven"
    )
    certificate = Certificate(
        account=session.account,
        entity=ENTITY,
        depth="full",
        verdict=verdict,
        reason=_reason(
            unfinished, dict(session.execute("count_failed_uploads")), differing, unseen, directories
        ),
        in_megaplan=in_megaplan,
        in_table=in_uis,
        same=same,
        missing=missing,
        stale=stale,
        extra=deleted,
        repaired=created + changed,
        deleted=deleted,
        unresolved=unresolved,
        proposal=None,
        requests_used=requests,
        duration=timedelta(seconds=round(seconds, 3)),
        watermark=None,
    )
    save_certificates(session.connection, run_id, session.settings.account_timezone, [certificate])
    return certificate


def run_counts(session: UploadSession, run_id: str) -> dict[str, Any]:
    """Return the counts of a run for an account, over all its tasks."""
    ((_, counts, _, _),) = session.execute("select_upload_run", run_id=run_id)
    return dict(counts)


def _reason(
    unfinished: str | None, failed: Mapping[str, int], differing: int, unseen: int, directories: int
) -> str | None:
    reasons = [unfinished] if unfinished else []
    if failed:
        sorts = ", ".join(f"{number} {_SORTS.get(remedy, remedy)}" for remedy, number in failed.items())
        reasons.append(f"{sum(failed.values())} failed: {sorts}; see the view uis.failed.")
    if differing:
        reasons.append(f"{differing} deals differ in the report: see the view uis.differing.")
    if directories:
        reasons.append(f"{directories} directory rows differ in UIS: see the view uis.differing.")
    if unseen:
        reasons.append(f"{unseen} deals are not in the report yet: the next run checks again.")
    return " ".join(reasons) or None
