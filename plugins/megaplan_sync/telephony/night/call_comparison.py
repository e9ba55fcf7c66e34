"""What the outbox says of calls, beside what Megaplan has of them. Free of I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from megaplan_sync.telephony.push.call_info import type_of
from megaplan_sync.telephony.push.delivery import State

Card = Mapping[str, Any]
"""A ``CallInfo`` as a list gives it; what it does not name is not known."""
Difference = Literal["absent", "changed", "recordless"]


@dataclass(frozen=True)
class ComparedCall:
    """A finished call that Megaplan is to be told of, as the outbox has it now.

    :param has_employee: it is nobody's, or somebody's who is among the users of Megaplan's telephony
    :param is_reported: UIS's report has it
    :param due_in_seconds: until the push turns to it, if anything of it is open
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
    def is_there(self) -> bool:
        """Megaplan has got it, although something may have changed since then."""
        return self.call_info_id is not None and self.history_done_at is not None

    @property
    def waits_for_recording(self) -> bool:
        """Everything is done but the recording, which cannot be played yet."""
        return self.history == "done" and self.recording == "waiting"

    @property
    def is_parked(self) -> bool:
        """Something of it was given up; a person may send it again."""
        return "parked" in (self.history, self.recording, self.communication)

    @property
    def is_complete(self) -> bool:
        """Nothing is left to do as long as no recording comes."""
        return self.waits_for_recording or (
            self.history == "done"
            and self.recording in ("done", "none")
            and self.communication in ("done", "none")
        )


@dataclass
class Differences:
    """What the outbox says Megaplan has, and Megaplan has not.

    :param doubled: ids in Megaplan of calls that stand there more than once
    :param unknown: Megaplan's id of calls that it has and the outbox does not know of
    """

    absent: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    recordless: list[int] = field(default_factory=list)
    doubled: dict[int, list[str]] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)

    def by_kind(self) -> dict[Difference, list[int]]:
        """Return the calls of which something is to be done anew."""
        return {"absent": self.absent, "changed": self.changed, "recordless": self.recordless}


def compare(
    calls: Iterable[ComparedCall], found: Mapping[str, Sequence[Card]], written_before: datetime
) -> Differences:
    """Compare.

    :param found: calls in Megaplan by ``providerId``
    :param written_before: what was written later may not have been readable yet
    """
    differences = Differences()
    for call in calls:
        number = call.call_session_id
        cards = found.get(str(number), ())
        if len(cards) > 1:
            differences.doubled[number] = [str(card["id"]) for card in cards]
        if not call.is_there:
            if cards and call.call_info_id is None:
                differences.unknown[number] = str(cards[-1]["id"])
        elif call.history_done_at is None or call.history_done_at < written_before:
            card = next((card for card in cards if str(card["id"]) == call.call_info_id), None)
            card = card or (cards[-1] if cards else None)
            if card is None:
                differences.absent.append(number)
            elif not _is_told(call, card):
                differences.changed.append(number)
            elif not _has_recordings(call, card):
                differences.recordless.append(number)
    return differences


def _is_told(call: ComparedCall, card: Card) -> bool:
    kind = type_of(call.direction, call.outcome)
    return card.get("state") in (None, "finished") and card.get("type") in (None, kind)


def _has_recordings(call: ComparedCall, card: Card) -> bool:
    links = card.get("recordLinks")
    if call.recording != "done" or not isinstance(links, list):
        return True
    return set(call.recording_links or ()) <= set(links)
