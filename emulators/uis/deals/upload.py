"""``upload.deals_history``: the hard rules. One bad record fails the whole request.

The error's ``field`` is ``deals.<index from 0>.<name>``, its ``params`` hold the record's index and ext_id; the knob
``refused_field`` says otherwise.
"""

from dataclasses import dataclass
from typing import Any

from ..errors import RpcError
from ..rpc.params import Param, moment, strings, text
from .clearing import check_clearing, check_digits, state_after
from .store import DealRecord, DealStore, Funnel, Stage

COMMUNICATION_TYPES = ("chat", "offline_message", "call", "goal", "email")
_BASE = (
    text("ext_id", True),
    text("name", True),
    moment("created_date_time", True),
    moment("modified_stage_date_time", True),
    moment("modified_date_time", nullable=True),
    moment("closed_date_time", nullable=True),
    strings("contact_ext_ids", nullable=True),
    text("main_contact_ext_id", nullable=True),
    text("employee_ext_id", nullable=True),
    Param("revenue", "number", nullable=True),
    text("sales_funnel_ext_id", True),
    text("stage_ext_id", True),
    text("comments", nullable=True),
    text("source", nullable=True),
    Param("user_fields", "array", items=(text("ext_id", True), Param("value", "any", True))),
)
# not in Novofon's edition
_EXTENDED = (
    text("lead_ext_id", nullable=True),
    text("company_ext_id", nullable=True),
    Param("communication_id", "integer", nullable=True),
    text("communication_type", nullable=True, choices=COMMUNICATION_TYPES),
    Param("tags", "array", items=(text("ext_id", True), text("name", True))),
    Param("child_customer_id", "integer", nullable=True),
)
EXTENDED_NAMES = frozenset(param.name for param in _EXTENDED)
RECORD = (*_BASE, *_EXTENDED)
COLUMNS = tuple(param.name for param in RECORD)


@dataclass
class _Checked:
    """A record that has passed the checks, with its funnel and stage."""

    data: dict[str, Any]
    state: dict[str, Any]
    created: float
    stage_moved: float
    funnel: Funnel
    stage: Stage


class Upload:
    """One request of up to 1000 records."""

    def __init__(self, store: DealStore, call_ids: set[int]) -> None:
        self._store = store
        self._call_ids = call_ids
        self._last: dict[str, dict[str, Any]] = {
            ext_id: records[-1].state for ext_id, records in store.deals.items() if records
        }

    def run(self, records: list[dict[str, Any]]) -> None:
        """Check all records, then take all.

        :raises RpcError: the first thing that is wrong.
        """
        checked = []
        for index, record in enumerate(records):
            try:
                checked.append(self._check(record))
            except RpcError as error:
                self._name_record(error, index, record)
                raise
            self._last[record["ext_id"]] = checked[-1].state
        visible = self._store.clock.now() + self._store.knobs.deals_processing_s
        for one in checked:
            self._take(one, visible)

    def _name_record(self, error: RpcError, index: int, record: dict[str, Any]) -> None:
        """Name a record in an error: the documentation only promises dots."""
        form = self._store.knobs.refused_field
        if form == "bare":
            error.field = f"deals.{error.field}"
            return
        place = index + 1 if form == "from_one" else index
        error.field = f"deals.{place}.{error.field}"
        error.params = {"index": place, "ext_id": record.get("ext_id"), **error.params}

    def _check(self, record: dict[str, Any]) -> _Checked:
        wall, now = self._store.wall, self._store.clock.now()
        refused = [end.strip() for end in self._store.knobs.refused_deals.split(",") if end.strip()]
        if refused and record["ext_id"].endswith(tuple(f"-{end}" for end in refused)):
            raise _wrong("name", record, "Not acceptable")
        for name in EXTENDED_NAMES & set(record) if self._store.knobs.brand == "novofon" else ():
            raise RpcError("unexpected_parameters", name, record[name])
        times = {
            name: wall.timestamp(record[name])
            for name in (
                "created_date_time",
                "modified_stage_date_time",
                "modified_date_time",
                "closed_date_time",
            )
            if record.get(name) is not None
        }
        check_clearing(self._store.knobs, record)
        created, moved = times["created_date_time"], times["modified_stage_date_time"]
        for name, value in times.items():
            if value > now:
                raise _wrong(name, record, "The date is in the future")
            if value < created:
                raise _wrong(name, record, "The date is before created_date_time")
        self._check_pairs(record)
        self._check_links(record)
        self._check_order(record, moved)
        funnel = self._store.funnels.get(record["sales_funnel_ext_id"])
        if funnel is None:
            raise RpcError("entity_not_found", "sales_funnel_ext_id", record["sales_funnel_ext_id"])
        stage = funnel.stage(record["stage_ext_id"])
        if stage is None:
            raise RpcError("entity_not_found", "stage_ext_id", record["stage_ext_id"])
        state = state_after(self._store.knobs, self._last.get(record["ext_id"]), record)
        return _Checked(record, state, created, moved, funnel, stage)

    def _check_pairs(self, record: dict[str, Any]) -> None:
        """Contacts with their main one, communication id with its type: both or neither."""
        for one, other in (
            ("contact_ext_ids", "main_contact_ext_id"),
            ("communication_id", "communication_type"),
        ):
            if bool(record.get(one)) != bool(record.get(other)):
                missing = other if record.get(one) else one
                raise RpcError(
                    "invalid_parameters_combination", missing, message=f"{one} and {other} go together"
                )
        main = record.get("main_contact_ext_id")
        if main and main not in record["contact_ext_ids"]:
            raise _wrong("main_contact_ext_id", record, "The main contact is not in contact_ext_ids")

    def _check_links(self, record: dict[str, Any]) -> None:
        store = self._store
        for index, contact in enumerate(record.get("contact_ext_ids") or []):
            if contact not in store.contacts:
                raise RpcError("entity_not_found", f"contact_ext_ids.{index}", contact)
        for name, known in (("employee_ext_id", store.employees), ("company_ext_id", store.companies)):
            if record.get(name) and record[name] not in known:
                raise RpcError("entity_not_found", name, record[name])
        if record.get("communication_type") == "call" and record["communication_id"] not in self._call_ids:
            raise RpcError("entity_not_found", "communication_id", record["communication_id"])
        check_digits(store.knobs, record.get("revenue"), "revenue")
        for index, entry in enumerate(record.get("user_fields", [])):
            known_field = store.user_fields.get(entry["ext_id"])
            if known_field is None:
                raise RpcError("entity_not_found", f"user_fields.{index}.ext_id", entry["ext_id"])
            if known_field["data_type"] == "numeric" and entry["value"]:
                if not _is_number(entry["value"]):
                    raise RpcError("invalid_parameter_value", f"user_fields.{index}.value", entry["value"])
                check_digits(store.knobs, entry["value"], f"user_fields.{index}.value")

    def _check_order(self, record: dict[str, Any], moved: float) -> None:
        """No back-dating; another contact or communication only together with a later stage time."""
        last = self._last.get(record["ext_id"])
        if last is None:
            return
        before = self._store.wall.timestamp(last["modified_stage_date_time"])
        name = "modified_stage_date_time"
        if moved < before:
            raise _wrong(name, record, f"Earlier than in the last loaded record: {last[name]}")
        if moved > before:
            return
        for linked in ("contact_ext_ids", "main_contact_ext_id", "communication_id"):
            if linked in record and (record[linked] or None) != (last.get(linked) or None):
                raise _wrong(linked, record, f"May be changed only with a later {name}")

    def _take(self, one: _Checked, visible: float) -> None:
        """Add a record, after those of the stages it has skipped."""
        store = self._store
        history = store.deals.setdefault(one.data["ext_id"], [])
        for stage in _skipped(history, one):
            generated = one.data | {"stage_ext_id": stage.ext_id}
            state = one.state | {"stage_ext_id": stage.ext_id}
            history.append(DealRecord(generated, state, one.created, one.stage_moved, visible, True))
        defaults = {"modified_date_time": store.wall.text(store.clock.now())}
        history.append(DealRecord(defaults | one.data, one.state, one.created, one.stage_moved, visible))


def _skipped(history: list[DealRecord], one: _Checked) -> list[Stage]:
    """Return the working stages between the last one and the new one; a failure skips none."""
    if one.stage.status == "failed":
        return []
    before = -1
    if history:
        last = history[-1].data
        if last["sales_funnel_ext_id"] == one.funnel.ext_id:
            stage = one.funnel.stage(last["stage_ext_id"])
            before = stage.order if stage is not None else -1
    return [stage for stage in one.funnel.in_process() if before < stage.order < one.stage.order]


def _wrong(name: str, record: dict[str, Any], message: str) -> RpcError:
    return RpcError("invalid_parameter_value", name, record.get(name), message)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
