"""The words of a communication, Russian as its readers are. Free of I/O."""

from __future__ import annotations

import html
import re
from zoneinfo import ZoneInfo

from megaplan_sync.telephony.push.call_info import call_type
from megaplan_sync.telephony.push.delivery import Delivery

_TITLES = {
    "in": "Входящий звонок",
    "miss": "Пропущенный звонок",
    "out": "Исходящий звонок",
    "fail": "Исходящий звонок без ответа",
}
_NOBODY_SPOKE = {"miss": "Звонок пропущен", "fail": "Абонент не ответил"}


def title(delivery: Delivery) -> str:
    """Return the name, such as «Входящий звонок +79001234567»."""
    phone = delivery.contact_phone or ""
    number = f"+{phone}" if phone.isdigit() else phone
    return f"{_TITLES[call_type(delivery) or 'in']} {number}".strip()


def marker(delivery: Delivery) -> str:
    """Return the words by which a communication is known to be of this call, and made or completed by us."""
    return f"Звонок UIS {delivery.call_session_id}"


def is_marked(description: str | None, delivery: Delivery) -> bool:
    """Say whether a description has the marker of this very call."""
    return re.search(rf"{marker(delivery)}(?!\d)", description or "") is not None


def result(delivery: Delivery) -> str:
    """Return how the call went: its duration and the links of its recordings."""
    kind = call_type(delivery) or "in"
    told = _NOBODY_SPOKE.get(kind) or f"Разговор {_duration(delivery.talk_seconds or 0)}"
    if not delivery.recording_links:
        return told
    return f"{told}, запись: {' '.join(delivery.recording_links)}"


def description(delivery: Delivery, zone: ZoneInfo, *, with_times: bool) -> str:
    """Return the description, HTML: the result, the marker, and the times if they stand nowhere else.

    :param zone: in which the account's people read times
    """
    lines = [result(delivery)]
    if with_times and delivery.started_at is not None:
        began = delivery.started_at.astimezone(zone)
        lines.append(f"Начало: {began:%d.%m.%Y %H:%M:%S}")
    lines.append(marker(delivery))
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "ч"), (minutes, "мин"), (seconds, "с"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 с"
