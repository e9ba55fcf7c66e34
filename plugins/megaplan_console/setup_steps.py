"""The steps of setting an account up, in the order of their dependencies, and what shows that each is done.

What has arrived in the tables proves a step. Where tables show nothing, the last examination of the doctor counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from megaplan_console.access import (
    CALLS_PUSH,
    DEAL_EVENTS,
    DEALS_SYNC,
    RECONCILIATION,
    TELEPHONY_SYNC,
    UIS_UPLOAD,
)
from megaplan_console.setup_evidence import SetupEvidence
from megaplan_sync.kernel.webhook_path import Receiver

State = Literal["done", "open", "wrong"]
Who = Literal["airflow", "megaplan", "uis", "servers"]
NOTIFICATIONS = (
    "in_call_session",
    "out_call_session",
    "call_proceeding",
    "call_connected",
    "call_disconnected",
    "talk_started",
    "talk_finished",
    "call_session_finished",
    "lost_call_session",
    "talk_record_file",
)
"""Events that the cabinet has to notify of; calls bring them sooner or later."""


@dataclass(frozen=True)
class Step:
    """One step.

    :param key: of its texts
    :param who: has to do it
    :param values: of the texts' placeholders
    :param reason: why it is not done, if an error says so
    :param dag_id: the DAG whose runs do it
    :param address: to paste into the cabinet
    :param note: key of a text about how far it is, or what is left of it
    :param link: to the page of the console that shows that
    """

    key: str
    who: Who
    state: State
    values: Mapping[str, Any]
    reason: str = ""
    dag_id: str = ""
    address: Receiver | None = None
    note: str = ""
    link: str = ""


def steps_of(evidence: SetupEvidence) -> dict[str, list[Step]]:
    """Return the steps by part of the set-up; a part that is switched off has none."""
    needs_cabinet = evidence.uses_telephony or evidence.uses_uploads
    return {
        "deals": list(_deals(evidence)),
        "events": list(_events(evidence)),
        "cabinet": list(_cabinet(evidence)) if needs_cabinet else [],
        "telephony": list(_telephony(evidence)) if evidence.uses_telephony else [],
        "uploads": list(_uploads(evidence)) if evidence.uses_uploads else [],
    }


def _deals(evidence: SetupEvidence) -> Iterator[Step]:
    deals = evidence.deals or {}
    yield _step(
        evidence,
        "postgres",
        "airflow",
        evidence.deals is not None,
        reason=evidence.database_error,
        dag_id="" if evidence.database_error or evidence.deals else DEALS_SYNC,
    )
    yield _step(
        evidence, "connection", "airflow", evidence.settings is not None, reason=evidence.connection_error
    )
    read_at = deals.get("read_at")
    refusals = _refusals(evidence, ("login", "rights", "visibility"))
    examined_at = evidence.examined_at
    is_refused = bool(refusals and read_at and examined_at and examined_at > read_at)
    yield _step(
        evidence,
        "login",
        "megaplan",
        read_at is not None and not is_refused,
        topics=("login", "rights", "visibility"),
    )
    loading = deals.get("loading", 0)
    yield _step(
        evidence,
        "first_load",
        "airflow",
        deals.get("tables", 0) > 0 and not loading,
        values=deals,
        dag_id=DEALS_SYNC,
        note="loading" if loading else "",
    )
    has_night = deals.get("day") is not None
    yield _step(
        evidence,
        "first_night",
        "airflow",
        has_night and not deals.get("unproven"),
        values=deals,
        is_wrong=has_night,
        dag_id=RECONCILIATION,
        note="unproven" if deals.get("unproven") else "",
        link="certificates",
    )


def _events(evidence: SetupEvidence) -> Iterator[Step]:
    settings, arrived = evidence.settings, evidence.telephony or {}
    has_webhooks = bool(arrived.get("has_webhooks"))
    has_messages = has_webhooks or bool(arrived.get("mnemonics") or arrived.get("tests"))
    yield _step(
        evidence,
        "gateway",
        "servers",
        bool(arrived.get("has_gateway")) and has_messages,
        topics=("gateway",),
        is_ready=bool(settings and settings.gateway_url and settings.webhook_secret),
    )
    yield _step(
        evidence,
        "application",
        "megaplan",
        has_webhooks,
        topics=("application",),
        is_ready=bool(settings and settings.application_uuid),
    )
    yield _step(
        evidence,
        "webhooks",
        "megaplan",
        has_webhooks,
        topics=("events of the application", "webhooks of Megaplan"),
        is_ready=bool(settings and settings.gateway_url and settings.webhook_secret),
        dag_id=DEAL_EVENTS,
        address="megaplan",
    )


def _cabinet(evidence: SetupEvidence) -> Iterator[Step]:
    yield _step(
        evidence,
        "uis_connection",
        "airflow",
        evidence.cabinet is not None,
        reason=evidence.cabinet_error,
        topics=("connection of UIS",),
    )
    has_answered = bool((evidence.telephony or {}).get("statuses") or (evidence.uploads or {}).get("sent"))
    yield _step(
        evidence,
        "uis_key",
        "uis",
        has_answered,
        topics=("UIS key", "UIS rights", "UIS security rules", "UIS time zone"),
        is_ready=evidence.cabinet is not None,
    )


def _telephony(evidence: SetupEvidence) -> Iterator[Step]:
    arrived, cabinet = evidence.telephony or {}, evidence.cabinet
    chosen = (cabinet.virtual_phone_number if cabinet else None) or ""
    yield _step(
        evidence,
        "numbers",
        "uis",
        chosen.removeprefix("+") in arrived.get("numbers", ()),
        topics=("virtual number",),
        values={"numbers": len(arrived.get("numbers", ()))},
        is_ready=bool(chosen),
    )
    yield _step(
        evidence,
        "users",
        "megaplan",
        bool(arrived.get("users")),
        topics=("telephony users in Megaplan", "mapped employees"),
        values={"users": arrived.get("users", 0), "mismatches": arrived.get("mismatches", 0)},
        dag_id=TELEPHONY_SYNC,
        note="mismatches" if arrived.get("mismatches") else "",
        link="telephony",
    )
    seen = arrived.get("mnemonics") or []
    missing = [mnemonic for mnemonic in NOTIFICATIONS if mnemonic not in seen]
    yield _step(
        evidence,
        "test_received",
        "uis",
        bool(arrived.get("tests") or seen),
        values=arrived,
        address="uis",
        note="tested" if arrived.get("tests") else "",
    )
    yield _step(
        evidence,
        "notifications",
        "uis",
        bool(seen),
        topics=("notifications of UIS",),
        values={"missing": ", ".join(missing)},
        note="missing" if seen and missing else "",
    )
    yield _step(
        evidence,
        "first_call",
        "airflow",
        bool(arrived.get("has_delivered")),
        dag_id=CALLS_PUSH,
    )


def _uploads(evidence: SetupEvidence) -> Iterator[Step]:
    uploads = {"sent": 0, "failed": 0, **(evidence.uploads or {})}
    yield _step(
        evidence,
        "first_upload",
        "airflow",
        uploads["sent"] > 0 and not uploads.get("unfinished"),
        reason=uploads.get("unfinished") or "",
        topics=("UIS tariff",),
        values=uploads,
        dag_id=UIS_UPLOAD,
        note="failed" if uploads["failed"] else "",
        link="failures",
    )


def _refusals(evidence: SetupEvidence, topics: tuple[str, ...]) -> list[dict[str, str]]:
    return [each for each in evidence.findings if each["topic"] in topics and each["level"] == "error"]


def _step(
    evidence: SetupEvidence,
    key: str,
    who: Who,
    is_proven: bool,
    *,
    topics: tuple[str, ...] = (),
    values: Mapping[str, Any] | None = None,
    reason: str = "",
    is_ready: bool = True,
    is_wrong: bool = False,
    **places: Any,
) -> Step:
    """Return a step with its state.

    :param is_proven: whether the tables, or the connections, show that it is done
    :param topics: the doctor's findings about it; the first one says whether it is done
    :param reason: why it is not done; with one it is wrong
    :param is_ready: whether the connection has what the step ends with
    :param is_wrong: whether it was tried and something is wrong
    """
    refusals = _refusals(evidence, topics)
    is_found = bool(topics) and any(
        each["topic"] == topics[0] and each["level"] == "ok" for each in evidence.findings
    )
    state: State = "open"
    if is_ready and (is_proven or (is_found and not refusals)):
        state = "done"
    elif reason or is_wrong or refusals:
        state = "wrong"
    if state != "done" and not reason:
        reason = "\n".join(f"{each['message']} → {each['remedy']}" for each in refusals)
    return Step(key, who, state, values or {}, "" if state == "done" else reason, **places)
