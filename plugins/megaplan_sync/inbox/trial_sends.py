"""Recognises notifications that the cabinet sends to try an address. Free of I/O.

They look like events of a call that never took place, with example values: an external id, a session, a name,
numbers. Their times are years old, or do not fit each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

IS_TEST_SEND = "is_test_send"
"""Key of the values of such a message."""

_EXAMPLES = {
    "external_id": "t456uy",
    "call_session_id": "187020303",
    "contact_full_name": "Мое тестовое уведомление",
}
_EXAMPLE_NUMBERS = ("79260000001", "79260000002")
_ZONES_DIFFER = timedelta(days=2)
_OLDEST = timedelta(days=3 * 365)


def is_test_send(
    values: Mapping[str, Any],
    *,
    local: datetime | None,
    exact: datetime | None,
    received_at: datetime | None = None,
) -> bool:
    """Return whether a notification was sent to try the address.

    :param local: its ``notification_time``
    :param exact: its ``notification_timestamp``
    :param received_at: when it was received
    """
    if any(str(values.get(name)) == value for name, value in _EXAMPLES.items()):
        return True
    numbers = {str(values.get(name)) for name in ("contact_phone_number", "virtual_phone_number")}
    if numbers == set(_EXAMPLE_NUMBERS):
        return True
    if local is not None and exact is not None and abs(local - exact) > _ZONES_DIFFER:
        return True
    sent_at = exact or local
    return received_at is not None and sent_at is not None and received_at - sent_at > _OLDEST
