"""A finished call with its stages in the outbox, and the result that a run records for a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal

Stage = Literal["history", "recording", "communication"]
STAGES: Final[tuple[Stage, ...]] = ("history", "recording", "communication")
"""In their order; the first one makes the object in Megaplan that the others need."""
State = Literal["waiting", "due", "unsure", "done", "parked", "none"]
OPEN: Final = ("waiting", "due", "unsure")
UNKNOWN_OUTCOME: Final = "unsure"
"""A request was sent and its outcome is unknown: Megaplan is asked what it has before anything is sent again."""
FAILED: Final = "parked"
"""Given up with a reason until a person resends the call, or the call changes."""


@dataclass(frozen=True)
class StageRow:
    """A stage of a call: a row of ``telephony.call_deliveries``, whose columns are documented there.

    :param due_at: None for now
    :param due_in_seconds: until it can be claimed
    :param done_seconds_ago: None if it never was
    :param version: ``changed_at`` of the row that was read; None if there is none
    """

    state: State = "due"
    tries: int = 0
    result_id: str | None = None
    sent: Any = None
    error: str | None = None
    due_at: str | None = None
    due_in_seconds: float = 0.0
    done_seconds_ago: float | None = None
    call_changed_at: str | None = None
    wanted_hash: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Delivery:
    """A finished call as it is delivered.

    :param employee_id: the Megaplan employee the call belongs to; None if it has no employee, or an unmapped one
    :param records: ``[{"url", "kind": talk|voice_mail, "record_id", "seconds"}]``
    :param age_seconds: since the call ended
    :param is_shown: its pop-up is on a screen and has to be told of the end
    :param stages: as they are in the outbox; rows as dictionaries are converted
    """

    call_session_id: int
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
    call_source: str | None = None
    finish_reason: str | None = None
    age_seconds: float = 0.0
    is_shown: bool = False
    stages: Mapping[str, StageRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Convert rows of the database."""
        rows = {name: _row(values) for name, values in self.stages.items()}
        object.__setattr__(self, "stages", rows)

    @property
    def provider_id(self) -> str:
        """The id of the call at the exchange, ``providerId`` in Megaplan."""
        return str(self.call_session_id)

    @property
    def has_employee(self) -> bool:
        """Whether it belongs to a mapped employee, or to nobody."""
        return self.uis_employee_id is None or self.employee_id is not None

    @property
    def call_info_id(self) -> str | None:
        """Megaplan's id of the call object; None if it has none, or that is unknown."""
        return self.stage("history").result_id

    @property
    def links(self) -> list[str]:
        """The links of its recordings, as far as they are known."""
        return [str(record["url"]) for record in self.records if record.get("url")]

    @property
    def links_set(self) -> list[str]:
        """The links that Megaplan has."""
        return list(self.stage("recording").sent or ())

    def has_made_other_than(self, name: str) -> bool:
        """Return whether another stage has made something."""
        return any(row.result_id or row.sent for stage, row in self.stages.items() if stage != name)

    def stage(self, name: str) -> StageRow:
        """Return a stage; one that the outbox does not have yet is due."""
        return self.stages.get(name, StageRow())


@dataclass(frozen=True)
class StageResult:
    """The new state of a stage of a call.

    :param due_in_seconds: delay until the next attempt, if the stage is still open
    :param more_tries: attempts to add; a request that must not be repeated was counted before it was sent
    :param error: why the stage is not done, or what it has left alone; None clears an earlier error
    :param result_id: Megaplan's id of what was made; None keeps the known one
    :param sent: what Megaplan has now; None keeps what is known
    :param forget: Megaplan no longer has what was made
    :param affects_others: other stages have made something that may have to follow
    :param keep_claim: the same run continues with this call
    """

    call_session_id: int
    state: State
    due_in_seconds: float = 0.0
    more_tries: int = 0
    error: str | None = None
    result_id: str | None = None
    sent: Any = None
    forget: bool = False
    affects_others: bool = False
    keep_claim: bool = False


def _row(values: StageRow | Mapping[str, Any]) -> StageRow:
    if isinstance(values, StageRow):
        return values
    known = {each.name for each in fields(StageRow)}
    return StageRow(**{name: value for name, value in values.items() if name in known})
