"""What only a write shows: tried on a contact that is there for tests, and removed again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from megaplan_hook.date_times import DateTimeFormat, datetime_value
from megaplan_hook.exceptions import MegaplanForbiddenError, MegaplanNotFoundError, MegaplanValidationError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.settings import AccountSettings
from megaplan_sync.doctor.calibration.facts import Facts
from megaplan_sync.telephony.push.todo_times import when

_NAME = "Проверка интеграции: удаляется сама"
_FEW_READS = 6


def probe_by_writing(
    hook: MegaplanHook,
    contact_id: str,
    facts: Facts[AccountSettings],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Make a communication of the test contact, read it back, compare, and delete it.

    Shows how moments have to be written, and how late a write can be read. At most a dozen requests.

    :param contact_id: Megaplan's id of a contact that is there for tests
    :raises MegaplanNotFoundError: there is no such contact
    """
    contact = hook.contractor(contact_id)
    configured: DateTimeFormat = hook.settings.vendor_quirks.datetime_write_format
    formats = (configured, *(each for each in get_args(DateTimeFormat) if each != configured))
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    for form in formats:
        try:
            made = hook.create_todo(_todo(contact, starts_at, form))
        except MegaplanValidationError:
            continue
        try:
            written_at = time.monotonic()
            card = _read_back(hook, str(made["id"]), sleep)
            lag = time.monotonic() - written_at
            is_kept = card is not None and _start_of(card) == starts_at
            facts.behaviour("write_is_read", "at once", None if card is None else _late(lag))
        finally:
            hook.delete_todo(str(made["id"]))
        if is_kept:
            facts.quirk("datetime_write_format", form)
            break
    else:
        facts.quirk("datetime_write_format", None)
        return
    facts.behaviour("deleted_todo", "dropped or gone", _after_deletion(hook, str(made["id"]), sleep))


def _todo(contact: dict[str, Any], starts_at: datetime, form: DateTimeFormat) -> dict[str, Any]:
    relation = {"contentType": contact["contentType"], "id": contact["id"]}
    return {"name": _NAME, "relations": [relation], **when(starts_at, 5, form)}


def _read_back(hook: MegaplanHook, todo_id: str, sleep: Callable[[float], None]) -> dict[str, Any] | None:
    for _ in range(_FEW_READS):
        try:
            return hook.todo(todo_id)
        except (MegaplanNotFoundError, MegaplanForbiddenError):
            sleep(1.0)
    return None


def _after_deletion(hook: MegaplanHook, todo_id: str, sleep: Callable[[float], None]) -> str:
    for _ in range(_FEW_READS):
        try:
            if hook.todo(todo_id).get("isDropped"):
                return "dropped or gone"
        except (MegaplanNotFoundError, MegaplanForbiddenError):
            return "dropped or gone"
        sleep(1.0)
    return "still there: delete it by hand"


def _start_of(card: dict[str, Any]) -> datetime | None:
    start = (card.get("when") or {}).get("from")
    try:
        return datetime_value(start)
    except ValueError:
        return None


def _late(seconds: float) -> str:
    return "at once" if seconds < 1.0 else f"after {seconds:.0f} s"
