"""Decides what each stage of a call should be, from the call, the settings, and what Megaplan has of it. Free of I/O.

Nothing else reopens a stage: a changed call, a difference that the night has found, and links that were set late are
all planned here, so the result does not depend on the order in which they became known. What only time decides, such
as a recording that never comes, is left to the stages.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from megaplan_hook.settings import AccountSettings
from megaplan_sync.telephony.push.call_info import call_hash, call_type, sent_hash
from megaplan_sync.telephony.push.communication_content import wanted_communication
from megaplan_sync.telephony.push.delivery import (
    FAILED,
    OPEN,
    UNKNOWN_OUTCOME,
    Delivery,
    Stage,
    StageRow,
    State,
)
from megaplan_sync.telephony.push.left_out import why_left_out


def plan(call: Delivery, settings: AccountSettings) -> dict[Stage, StageRow]:
    """Return what the stages of a call should be; failed ones stay failed unless something else is wanted now.

    :param call: finished, with its stages as far as there are any
    """
    return {
        "history": _planned(call, "history", _history(call, settings), call_hash(call, settings)),
        "recording": _planned(
            call, "recording", _recording(call, settings), _hash([call.outcome, call.links])
        ),
        "communication": _planned(
            call, "communication", _communication(call, settings), _communication_hash(call, settings)
        ),
    }


def after_a_write(call: Delivery, settings: AccountSettings) -> Delivery:
    """Return a call whose object was written: Megaplan may have rewritten a communication of its own."""
    row = call.stage("communication")
    if not settings.megaplan_creates_todo or not row.sent:
        return call
    unknown = replace(row, sent=[*row.sent, None])
    return replace(call, stages={**call.stages, "communication": unknown})


def _planned(call: Delivery, stage: Stage, wanted: State, wanted_hash: str | None) -> StageRow:
    row, planned_for = call.stages.get(stage), call.call_changed_at.isoformat()
    if row is None:
        return StageRow(wanted, call_changed_at=planned_for, wanted_hash=wanted_hash)
    planned = replace(row, call_changed_at=planned_for, wanted_hash=wanted_hash)
    is_open, is_reopened, is_news = row.state in OPEN, wanted in OPEN, wanted_hash != row.wanted_hash
    if row.state == FAILED and is_reopened and not is_news:
        wanted = FAILED
    if wanted == row.state or (is_open and is_reopened):
        # a recording that is waited for is checked at once: it may be what has changed
        is_announced = row.state == "waiting" and bool(call.links) and _has_changed(call, row)
        return replace(planned, due_at=None if is_announced else row.due_at)
    return replace(planned, state=wanted, tries=0, due_at=None, error=None)


def _has_changed(call: Delivery, row: StageRow) -> bool:
    return row.call_changed_at is None or datetime.fromisoformat(row.call_changed_at) != call.call_changed_at


def _history(call: Delivery, settings: AccountSettings) -> State:
    row = call.stage("history")
    is_unwanted = call.is_internal or why_left_out(call, settings) is not None
    if is_unwanted and row.result_id is None:
        return "none"
    if row.state in OPEN or call_type(call) is None:
        return row.state
    is_there = row.result_id is not None and row.sent == sent_hash(call, settings)
    return "done" if is_there else "due"


def _recording(call: Delivery, settings: AccountSettings) -> State:
    if _history(call, settings) == "none":
        return "none"
    row = call.stage("recording")
    if call.links:
        is_there = row.result_id == call.call_info_id and set(call.links) <= set(call.links_set)
        return "done" if is_there else "waiting"
    if row.state == UNKNOWN_OUTCOME or row.sent:
        return row.state
    is_unrecorded = call.expects_record is False or (
        call.expects_record is None and call.outcome != "answered"
    )
    return "none" if is_unrecorded else "waiting"


def _communication(call: Delivery, settings: AccountSettings) -> State:
    row, wanted = call.stage("communication"), wanted_communication(call, settings)
    if _history(call, settings) == "none":
        return "none"
    if row.result_id is None:
        is_unsure = row.state == UNKNOWN_OUTCOME and "communication" in call.stages
        if wanted is None:
            return UNKNOWN_OUTCOME if is_unsure else "none"
        return row.state if row.state == "done" else "due"
    if wanted is None and settings.megaplan_creates_todo:
        return row.state if row.state in OPEN else "done"
    if row.sent is None and row.wanted_hash in (None, _communication_hash(call, settings)):
        return row.state  # from before version 8
    return "done" if row.sent == [wanted] else "due"


def _communication_hash(call: Delivery, settings: AccountSettings) -> str:
    """Return a hash of the communication that does not depend on what other stages have made."""
    return _hash(wanted_communication(replace(call, stages={}), settings))


def _hash(content: Any) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
