"""Odd entries of histories, of Megaplan's deals and of those that UIS has, never stop what reads them."""

import copy
import random
from datetime import UTC, datetime
from typing import Any

from megaplan_hook import exact_json
from megaplan_sync.raw.history.stage_histories import (
    Deal,
    Stage,
    Stages,
    moves_of_change_history,
    moves_of_status_history,
)
from megaplan_sync.uis_upload.history_rows import is_the_same_state, is_the_same_upload, last_record
from tests.integration.fuzz.mutations import Digits, mutated

ROUNDS = 3000
DEAL = Deal(1, 14, 3, datetime(2026, 1, 1, tzinfo=UTC))
STAGES = Stages([Stage(1, 14, "Новый"), Stage(2, 14, "В работе"), Stage(3, 14, "Готово")])


def link(content_type: str, identity: str) -> dict[str, Any]:
    return {"contentType": content_type, "id": identity}


def at(day: int) -> dict[str, Any]:
    return {"contentType": "DateTime", "value": f"2026-01-{day:02}T10:00:00+00:00"}


STATUS_HISTORY = [
    {
        **link("DealStatusHistory", str(number)),
        "fromStatus": link("ProgramState", str(number)),
        "fromStatusUpdated": at(number),
        "fromStatusUser": link("Employee", "7"),
        "toStatus": {**link("ProgramState", str(number + 1)), "name": "Готово"},
        "toStatusUpdated": at(number + 1),
        "toStatusUser": link("Employee", "7"),
    }
    for number in (1, 2)
]
CHANGE = {
    "contentType": "FieldChange",
    "field": "state",
    "oldValue": "Новый",
    "newValue": link("ProgramState", "2"),
}
CHANGE_HISTORY = [
    {**link("History", "1"), "type": "create", "timeCreated": at(1), "author": link("Employee", "7")},
    {**link("History", "2"), "type": "edit", "timeCreated": at(2), "changes": [CHANGE]},
]
RECORD = {
    "ext_id": "mp-deal-1",
    "name": "Сделка",
    "revenue": "10.50",
    "contact_ext_ids": ["mp-contact-1", "mp-contact-2"],
    "user_fields": [{"ext_id": "mp-state", "value": "Новый"}],
    "modified_stage_date_time": "2026-01-01 10:00:00",
    "modified_date_time": "2026-01-01T10:00:00",
    "stage_ext_id": "mp-stage-1",
    "sales_funnel_ext_id": "mp-funnel-14",
    "is_generated": False,
}


def odd(rows: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Return the rows, each changed in one place; those that are no objects are left out, as readers do."""
    source = random.Random(seed)
    changed = (_as_read(mutated(copy.deepcopy(row), source)) for row in rows)
    return [row for row in changed if isinstance(row, dict)]


def _as_read(value: Any) -> Any:
    if isinstance(value, Digits):
        return exact_json.loads(f"[{value.text}]".encode())[0]
    if isinstance(value, dict):
        return {key: _as_read(each) for key, each in value.items()}
    return [_as_read(each) for each in value] if isinstance(value, list) and len(str(value)) < 500 else value


def test_stage_histories() -> None:
    """A number for ``changes`` ended the backfill of all deals."""
    for seed in range(ROUNDS):
        for read, rows in (
            (moves_of_status_history, STATUS_HISTORY),
            (moves_of_change_history, CHANGE_HISTORY),
        ):
            found = read(odd(rows, seed), DEAL, STAGES)
            assert len(found.moves) + found.unreadable <= len(rows) + 1


def test_records_of_deals_in_uis() -> None:
    """One null among the contacts of one record ended the reading back of all."""
    for seed in range(ROUNDS):
        rows = odd([RECORD, RECORD], seed)
        last_record(rows)
        for row in rows:
            assert is_the_same_state(row, row)
            is_the_same_state(row, RECORD)
            is_the_same_upload(row, RECORD)
