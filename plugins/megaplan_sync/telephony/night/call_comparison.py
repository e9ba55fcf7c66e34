"""Compares what Megaplan has of calls with what it should have, field by field. Free of I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from megaplan_hook.settings import AccountSettings
from megaplan_sync.telephony.push.call_info import call_info, call_type, differences
from megaplan_sync.telephony.push.delivery import FAILED, STAGES, Delivery, StageRow

Card = Mapping[str, Any]
"""A ``CallInfo`` from a list; a missing field is unknown."""
_SETTLED = ("done", "none")


@dataclass
class Differences:
    """Calls that Megaplan does not have as it should.

    :param absent: Megaplan does not have them
    :param changed: the calls, with what Megaplan has of their stages
    :param duplicates: ids in Megaplan of calls that it has more than once
    :param unknown: Megaplan's id of calls that were not delivered according to the outbox
    """

    absent: list[int] = field(default_factory=list)
    changed: dict[int, Delivery] = field(default_factory=dict)
    duplicates: dict[int, list[str]] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)


def is_delivered(call: Delivery) -> bool:
    """Return whether the history of a call was delivered; the call may have changed since then."""
    return call.call_info_id is not None and call.stage("history").done_seconds_ago is not None


def waits_for_recording(call: Delivery) -> bool:
    """Return whether a call only waits for a recording that cannot be played yet."""
    return call.stage("history").state == "done" and call.stage("recording").state == "waiting"


def has_failed(call: Delivery) -> bool:
    """Return whether a stage has failed; only a person resends it."""
    return any(call.stage(stage).state == FAILED for stage in STAGES)


def is_complete(call: Delivery) -> bool:
    """Return whether nothing is left to do unless a recording arrives."""
    return waits_for_recording(call) or all(call.stage(stage).state in _SETTLED for stage in STAGES)


def due_in_seconds(call: Delivery) -> float:
    """Return when the push handles an open call."""
    open_ones = (call.stage(stage) for stage in STAGES if call.stage(stage).state not in (*_SETTLED, FAILED))
    return next((max(row.due_in_seconds, 0.0) for row in open_ones), 0.0)


def compare(
    calls: Iterable[Delivery],
    found: Mapping[str, Sequence[Card]],
    settings: AccountSettings,
    unread_seconds: float,
) -> Differences:
    """Compare calls.

    :param found: calls in Megaplan by ``providerId``
    :param unread_seconds: later writes are ignored, as they may not have been readable yet
    """
    result = Differences()
    for call in calls:
        number, history = call.call_session_id, call.stage("history")
        cards = found.get(call.provider_id, ())
        if len(cards) > 1:
            result.duplicates[number] = [str(card["id"]) for card in cards]
        if not is_delivered(call):
            if cards and call.call_info_id is None:
                result.unknown[number] = str(cards[-1]["id"])
        elif (history.done_seconds_ago or 0.0) >= unread_seconds:
            card = next((card for card in cards if str(card["id"]) == call.call_info_id), None)
            card = card or (cards[-1] if cards else None)
            if card is None:
                result.absent.append(number)
            elif (changed := _with_what_is_there(call, card, settings)) != call:
                result.changed[number] = changed
    return result


def without_its_object(call: Delivery) -> Delivery:
    """Return a call of which Megaplan has nothing any more."""
    return _with_rows(call, history={"result_id": None, "sent": None}, recording={"sent": None})


def _with_what_is_there(call: Delivery, card: Card, settings: AccountSettings) -> Delivery:
    """Return the call with its stages as the card shows them."""
    changes: dict[str, dict[str, Any]] = {}
    body = (
        call_info(call, datetime_format=settings.vendor_quirks.datetime_write_format)
        if call_type(call)
        else {}
    )
    if call.stage("history").state in ("done", "due") and differences(body, card):
        changes["history"] = {"sent": None}
    links = card.get("recordLinks")
    if (
        call.stage("recording").state == "done"
        and isinstance(links, list)
        and not set(call.links_set) <= set(links)
    ):
        changes["recording"] = {"sent": links}
    return _with_rows(call, **changes)


def _with_rows(call: Delivery, **changes: dict[str, Any]) -> Delivery:
    rows: dict[str, StageRow] = {stage: replace(call.stage(stage), **each) for stage, each in changes.items()}
    return replace(call, stages={**call.stages, **rows}) if changes else call
