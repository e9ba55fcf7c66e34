"""Compares the calls in the outbox with the calls in Megaplan. Free of I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from megaplan_sync.telephony.push.call_info import type_of
from megaplan_sync.telephony.push.delivery import FAILED, State

Card = Mapping[str, Any]
"""A ``CallInfo`` from a list; a missing field is unknown."""
Difference = Literal["absent", "changed", "without_recording"]


@dataclass(frozen=True)
class ComparedCall:
    """A finished call that Megaplan should have, with its state in the outbox.

    :param has_employee: whether it belongs to a mapped employee, or to nobody
    :param is_reported: whether UIS's report has it
    :param due_in_seconds: until the push handles it, if anything is open
    """

    call_session_id: int
    direction: str
    outcome: str
    history: State
    recording: State
    communication: State
    call_info_id: str | None
    recording_links: list[str] | None
    last_error: str | None
    history_done_at: datetime | None
    has_employee: bool
    is_reported: bool
    due_in_seconds: float

    @property
    def is_delivered(self) -> bool:
        """Whether its history was delivered; the call may have changed since then."""
        return self.call_info_id is not None and self.history_done_at is not None

    @property
    def waits_for_recording(self) -> bool:
        """Whether it only waits for a recording that cannot be played yet."""
        return self.history == "done" and self.recording == "waiting"

    @property
    def has_failed(self) -> bool:
        """Whether a stage has failed; only a person resends it."""
        return FAILED in (self.history, self.recording, self.communication)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do unless a recording arrives."""
        return self.waits_for_recording or (
            self.history == "done"
            and self.recording in ("done", "none")
            and self.communication in ("done", "none")
        )


@dataclass
class Differences:
    """Calls whose state in Megaplan differs from the outbox.

    :param duplicates: ids in Megaplan of calls that it has more than once
    :param unknown: Megaplan's id of calls that were not delivered according to the outbox
    """

    absent: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    without_recording: list[int] = field(default_factory=list)
    duplicates: dict[int, list[str]] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)

    def by_kind(self) -> dict[Difference, list[int]]:
        """Return the calls that have to be delivered again."""
        return {
            "absent": self.absent,
            "changed": self.changed,
            "without_recording": self.without_recording,
        }


def compare(
    calls: Iterable[ComparedCall], found: Mapping[str, Sequence[Card]], written_before: datetime
) -> Differences:
    """Compare calls.

    :param found: calls in Megaplan by ``providerId``
    :param written_before: later writes are ignored, as they may not have been readable yet
    """
    differences = Differences()
    for call in calls:
        number = call.call_session_id
        cards = found.get(str(number), ())
        if len(cards) > 1:
            differences.duplicates[number] = [str(card["id"]) for card in cards]
        if not call.is_delivered:
            if cards and call.call_info_id is None:
                differences.unknown[number] = str(cards[-1]["id"])
        elif call.history_done_at is None or call.history_done_at < written_before:
            card = next((card for card in cards if str(card["id"]) == call.call_info_id), None)
            card = card or (cards[-1] if cards else None)
            if card is None:
                differences.absent.append(number)
            elif not _is_up_to_date(call, card):
                differences.changed.append(number)
            elif not _has_recordings(call, card):
                differences.without_recording.append(number)
    return differences


def _is_up_to_date(call: ComparedCall, card: Card) -> bool:
    kind = type_of(call.direction, call.outcome)
    return card.get("state") in (None, "finished") and card.get("type") in (None, kind)


def _has_recordings(call: ComparedCall, card: Card) -> bool:
    links = card.get("recordLinks")
    if call.recording != "done" or not isinstance(links, list):
        return True
    return set(call.recording_links or ()) <= set(links)
