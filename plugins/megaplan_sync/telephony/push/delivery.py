"""One row of the outbox with its call, as a run claims it, and the result that a run records for a stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Stage = Literal["history", "recording", "communication"]
State = Literal["waiting", "due", "unsure", "done", "parked", "none"]
UNKNOWN_OUTCOME: Final = "unsure"
"""A request was sent and its outcome is unknown: Megaplan is asked what it has before anything is sent again."""
FAILED: Final = "parked"
"""Given up with a reason until a person resends the call."""


@dataclass(frozen=True)
class Delivery:
    """A claimed call: its data, and the state of each stage.

    :param employee_id: the Megaplan employee the call belongs to; None if it has no employee, or an unmapped one
    :param records: ``[{"url", "kind": talk|voice_mail, "record_id", "seconds"}]``
    :param age_seconds: since the call ended
    :param history_age_seconds: since the history was delivered; 0 if it was not
    """

    call_session_id: int
    call_info_id: str | None
    made_live: bool
    history: State
    history_tries: int
    history_hash: str | None
    recording: State
    recording_tries: int
    recording_links: list[str] | None
    communication: State
    communication_tries: int
    todo_id: str | None
    direction: str | None
    outcome: str | None
    is_internal: bool
    contact_phone: str | None
    virtual_phone: str | None
    uis_employee_id: int | None
    employee_id: int | None
    started_at: datetime | None
    finished_at: datetime | None
    talk_seconds: int | None
    records: list[dict[str, Any]]
    expects_record: bool | None
    call_changed_at: datetime
    age_seconds: float
    history_age_seconds: float

    @property
    def provider_id(self) -> str:
        """The id of the call at the exchange, ``providerId`` in Megaplan."""
        return str(self.call_session_id)

    def tries(self, stage: Stage) -> int:
        """Return the number of failed attempts at a stage."""
        return {
            "history": self.history_tries,
            "recording": self.recording_tries,
            "communication": self.communication_tries,
        }[stage]


@dataclass(frozen=True)
class StageResult:
    """The new state of a stage of a call.

    :param due_in_seconds: delay until the next attempt, if the stage is still open
    :param more_tries: attempts to add; a request that must not be repeated was counted before it was sent
    :param error: why the stage is not done; None clears an earlier error
    :param forget_call: Megaplan no longer has ``call_info_id``
    :param keep_claim: the same run continues with this call
    """

    call_session_id: int
    state: State
    due_in_seconds: float = 0.0
    more_tries: int = 0
    error: str | None = None
    call_info_id: str | None = None
    history_hash: str | None = None
    call_changed_at: datetime | None = None
    recording_links: list[str] | None = None
    todo_id: str | None = None
    forget_call: bool = False
    keep_claim: bool = False
