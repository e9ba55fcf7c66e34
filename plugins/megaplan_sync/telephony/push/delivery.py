"""One row of the ledger with its call, as a run claims it, and what a run notes about it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Stage = Literal["history", "recording", "communication"]
State = Literal["waiting", "due", "unsure", "done", "parked", "none"]


@dataclass(frozen=True)
class Delivery:
    """A claimed call: what is known of it, and how far Megaplan has got it.

    :param employee_id: Megaplan's employee whose call it is; None when nobody's, or nobody's that Megaplan knows
    :param records: ``[{"url", "kind": talk|voice_mail, "record_id", "seconds"}]``
    :param age_seconds: since the call ended
    :param history_age_seconds: since Megaplan got the call; 0 when it has not
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
        """The exchange's own id under which Megaplan knows the call."""
        return str(self.call_session_id)

    def tries(self, stage: Stage) -> int:
        """Return how often a stage was tried in vain."""
        return {
            "history": self.history_tries,
            "recording": self.recording_tries,
            "communication": self.communication_tries,
        }[stage]


@dataclass(frozen=True)
class Verdict:
    """How a stage of a call stands now.

    :param due_in_seconds: when it is to be looked at again, if it is open
    :param more_tries: how many tries this adds; a request that must not be made twice was counted beforehand
    :param error: why it is not done; None also takes back what was noted earlier
    :param forget_call: Megaplan does not know ``call_info_id`` any more
    :param keep_claim: another step of the same run follows
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
