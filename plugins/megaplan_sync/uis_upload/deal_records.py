"""Builds the records of a deal's history in UIS from its facts. Free of I/O.

UIS accepts no back-dating, no times in the future, and another contact only with a later time of the stage. So moves
older than what UIS has are left out, a changed contact moves the time of the stage by one second, and each upload of
a deal has a later ``modified_date_time`` than the one before, which identifies it when it is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from megaplan_sync.uis_upload.content_hash import hash_of
from megaplan_sync.uis_upload.deal_fields import (
    ADVERTISING_WAY,
    CURRENCY,
    GOODS,
    LINK,
    NUMBER,
    STAGE,
    SUM,
)
from megaplan_sync.uis_upload.funnel_plan import FunnelPlan
from megaplan_sync.uis_upload.remedies import Remedy
from uis_hook.account_time import moment_of
from uis_hook.clearing import CLEARABLE, CONTACTS
from uis_hook.deals import MOST_SUM, DealRecord

MAPPING_VERSION = "1"
"""Increment when records are built differently: all deals are compared again, and sent if they differ."""
FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier times are mistakes, and UIS may not know such years."""
ONE_SECOND = timedelta(seconds=1)


class Move(NamedTuple):
    """A move of a deal into a stage, from ``megaplan_raw.deal_stage_moves``."""

    moved_at: datetime
    program_id: int | None
    state_id: int
    stage: str | None


@dataclass(frozen=True)
class DealFacts:
    """A deal to send.

    :param content: facts as ``select_upload_deals`` returns them
    :param sent: the last record that UIS has, as it was sent; None if it does not have the deal
    :param stale: fields and user fields that the report shows otherwise; None: nothing is to be sent again
    """

    deal_id: int
    ext_id: str
    content: Mapping[str, Any]
    content_hash: str
    updated_at: datetime | None
    sent: Mapping[str, Any] | None
    stale: Sequence[str] | None = None


class DealProblem(Exception):  # noqa: N818 - a finding about one deal, which fails nothing
    """Why a deal cannot be sent.

    :param retry_at: when it is tried again without any change in Megaplan; None: not at all
    """

    def __init__(
        self, message: str, remedy: Remedy = "mend in Megaplan", *, retry_at: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.remedy: Remedy = remedy
        self.retry_at = retry_at


@dataclass(frozen=True)
class RecordBuilder:
    """Builds the records of deals.

    :param funnels: by id of the pipeline
    :param zone: of the cabinet
    :param longest_text: of a user field or a comment, in characters
    :param link_template: address of a deal's card, with ``{id}``
    :param user_fields: those that UIS has; it refuses records with others
    :param refused: who can mend the pipelines that UIS refuses, by their ids
    """

    funnels: Mapping[int, FunnelPlan]
    zone: ZoneInfo
    longest_text: int
    link_template: str
    user_fields: frozenset[str]
    refused: Mapping[int, Remedy] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Part of each deal's hash: other fields, or another mapping, may change the records."""
        return f"{MAPPING_VERSION} {hash_of(sorted(self.user_fields))}"

    def records(self, facts: DealFacts, moves: Sequence[Move], now: datetime) -> list[DealRecord]:
        """Return the records to add to a deal's history: moves that UIS lacks, then the current state.

        :param moves: all known moves, oldest first
        :param now: aware
        :raises DealProblem: UIS would refuse the deal
        """
        content = facts.content
        funnel, stage = self._stage(content["program_id"], content["state_id"])
        if funnel is None or stage is None:
            remedy = self.refused.get(content["program_id"], "wait")
            raise DealProblem("its pipeline or stage is unknown, or refused by UIS", remedy, retry_at=now)
        created = _moment(content["created_at"])
        if created is None:
            raise DealProblem("created_at: it is empty")
        if created < FIRST_DAY:
            raise DealProblem("created_at: it lies before 1970")
        revenue = _money(content["revenue"])
        _check_sum(content["sum"])
        state = DealRecord(
            ext_id=facts.ext_id,
            name=str(content["name"]),
            created_at=created,
            stage_moved_at=created,
            sales_funnel_ext_id=funnel.ext_id,
            stage_ext_id=stage,
            contact_ext_ids=tuple(content["contacts"]),
            main_contact_ext_id=content["main_contact"],
            employee_ext_id=content["employee"],
            revenue=revenue,
            comments=self._comments(content),
            source=self._cut(content["advertising_way"]),
            user_fields=self._user_fields(facts.deal_id, content),
        )
        state = self._with_cleared(state, facts)
        sent = _Sent.of(facts.sent, self.zone)
        ends_here = bool(moves) and moves[-1].state_id == content["state_id"]
        history = self._history(state, moves[:-1] if ends_here else moves, created, sent)
        history.append(self._present(state, facts, moves, history, sent, now))
        for record in history:
            for name in _future(record, now):
                raise DealProblem(f"{name}: it lies in the future", "wait", retry_at=record.latest_moment)
            for name, problem in record.problems(now).items():
                raise DealProblem(f"{name}: {problem}")
        return history

    def _with_cleared(self, state: DealRecord, facts: DealFacts) -> DealRecord:
        """Name what UIS has a value of, or shows one of, and the deal has none."""
        sent, stale = facts.sent or {}, facts.stale or ()
        cleared = {
            name for name in CLEARABLE if not getattr(state, name) and (sent.get(name) or name in stale)
        }
        if state.revenue is not None:
            cleared.discard("revenue")
        elif sent.get("revenue") is not None:
            cleared.add("revenue")
        fields = [entry["ext_id"] for entry in sent.get("user_fields") or () if entry.get("value")]
        gone: dict[str, str | None] = dict.fromkeys(fields)
        gone |= {name: "0" if name == SUM else "—" for name in stale}
        return replace(
            state,
            cleared=frozenset(cleared),
            cleared_user_fields={
                ext_id: text
                for ext_id, text in gone.items()
                if ext_id in self.user_fields and ext_id not in state.user_fields
            },
        )

    def _stage(
        self, program_id: int | None, state_id: int | None
    ) -> tuple[FunnelPlan, str] | tuple[None, None]:
        funnel = self.funnels.get(program_id) if program_id is not None else None
        stage = funnel.stage_of.get(state_id) if funnel is not None and state_id is not None else None
        return (funnel, stage) if funnel is not None and stage is not None else (None, None)

    def _history(
        self, state: DealRecord, moves: Sequence[Move], created: datetime, sent: _Sent | None
    ) -> list[DealRecord]:
        """Return records of moves that UIS lacks; their other values are the current ones."""
        records: list[DealRecord] = []
        for move in moves:
            moved = max(_seconds(move.moved_at), created)
            if sent is not None and moved <= sent.stage_moved_at:
                continue
            funnel, stage = self._stage(move.program_id, move.state_id)
            if funnel is None or stage is None:
                continue
            records.append(
                replace(
                    state,
                    stage_moved_at=moved,
                    modified_at=max(moved, sent.modified_at) if sent else moved,
                    closed_at=moved if move.state_id in funnel.finals else None,
                    sales_funnel_ext_id=funnel.ext_id,
                    stage_ext_id=stage,
                    user_fields=self._with_stage(state.user_fields, move.stage),
                )
            )
        return records

    def _present(
        self,
        state: DealRecord,
        facts: DealFacts,
        moves: Sequence[Move],
        history: Sequence[DealRecord],
        sent: _Sent | None,
        now: datetime,
    ) -> DealRecord:
        state_id, program_id = facts.content["state_id"], facts.content["program_id"]
        moved = _moment(facts.content["stage_since"])
        if moved is None and moves and moves[-1].state_id == state_id:
            moved = _seconds(moves[-1].moved_at)
        before = history[-1].stage_moved_at if history else None
        moved = max(each for each in (moved, state.created_at, before) if each is not None)
        if sent is not None:
            moved = max(moved, sent.stage_moved_at)
            is_other = _contacts(state) != sent.contacts or CONTACTS in (facts.stale or ())
            if moved == sent.stage_moved_at and is_other:
                moved = sent.stage_moved_at + ONE_SECOND
        modified = max(_seconds(facts.updated_at or moved), moved)
        modified = min(modified, max(_seconds(now), moved))
        if sent is not None and modified <= sent.modified_at:
            modified = sent.modified_at + ONE_SECOND
        is_final = state_id in self.funnels[program_id].finals
        return replace(
            state, stage_moved_at=moved, modified_at=modified, closed_at=moved if is_final else None
        )

    def _user_fields(self, deal_id: int, content: Mapping[str, Any]) -> dict[str, str]:
        texts = {
            SUM: content["sum"],
            CURRENCY: content["currency"],
            GOODS: content["goods"],
            STAGE: content["stage"],
            ADVERTISING_WAY: content["advertising_way"],
            NUMBER: content["number"],
            LINK: self.link_template.replace("{id}", str(deal_id)),
            **(content["fields"] or {}),
        }
        return {
            ext_id: cut
            for ext_id, text in texts.items()
            if ext_id in self.user_fields and (cut := self._cut(text))
        }

    def _with_stage(self, fields: Mapping[str, str], stage: str | None) -> dict[str, str]:
        name = {STAGE: cut} if STAGE in self.user_fields and (cut := self._cut(stage)) else {}
        return {**{ext_id: text for ext_id, text in fields.items() if ext_id != STAGE}, **name}

    def _comments(self, content: Mapping[str, Any]) -> str | None:
        amount = " ".join(part for part in (content["sum"], content["currency"]) if part and content["sum"])
        return self._cut("; ".join(part for part in (amount, content["goods"]) if part))

    def _cut(self, text: Any) -> str | None:
        words = str(text or "").strip()
        if len(words) > self.longest_text:
            words = words[: self.longest_text - 1] + "…"
        return words or None


def _contacts(record: DealRecord) -> tuple[tuple[str, ...], str | None]:
    """Return what UIS changes only with a later time of the stage."""
    return tuple(record.contact_ext_ids), record.main_contact_ext_id


@dataclass(frozen=True)
class _Sent:
    """What the last record in UIS demands of the next one."""

    stage_moved_at: datetime
    modified_at: datetime
    contacts: tuple[tuple[str, ...], str | None]

    @classmethod
    def of(cls, sent: Mapping[str, Any] | None, zone: ZoneInfo) -> _Sent | None:
        if sent is None:
            return None
        moved, modified = (
            _told_moment(sent.get(name), zone) for name in ("modified_stage_date_time", "modified_date_time")
        )
        if moved is None:
            raise DealProblem("modified_stage_date_time: UIS does not report it", "ours")
        contacts = sent.get("contact_ext_ids")
        return cls(
            stage_moved_at=moved,
            modified_at=modified or moved,
            contacts=(tuple(contacts) if isinstance(contacts, list) else (), sent.get("main_contact_ext_id")),
        )


def _told_moment(told: Any, zone: ZoneInfo) -> datetime | None:
    """Read a moment of a record that UIS has shown; what is none is None."""
    try:
        return moment_of(told, zone) if isinstance(told, str) else None
    except (ValueError, OverflowError):
        return None


def _future(record: DealRecord, now: datetime) -> list[str]:
    """Return the times that have not come yet: UIS refuses these, too."""
    moments = {
        "created_at": record.created_at,
        "stage_moved_at": record.stage_moved_at,
        "modified_at": record.modified_at,
        "closed_at": record.closed_at,
    }
    return [name for name, moment in moments.items() if moment is not None and moment > now]


def _seconds(moment: datetime) -> datetime:
    """Truncate to seconds, as UIS does."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _moment(text: str | None) -> datetime | None:
    return _seconds(datetime.fromisoformat(text)) if text else None


def _money(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:  # no number, or one of more digits than a Decimal has
        raise DealProblem("revenue: it is not a number, or too large") from None


def _check_sum(text: str | None) -> None:
    """Check the sum in the deal's own currency, the value of a numeric user field."""
    number = Decimal(text or 0)
    if not number.is_finite() or abs(number) >= MOST_SUM:
        raise DealProblem("sum: it is not a number, or has more digits than UIS takes")
