"""The texts of a communication, in Russian. Free of I/O."""

from __future__ import annotations

import html
import re
from zoneinfo import ZoneInfo

from megaplan_sync.kernel.phones import shown_phone
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
    """Return the title, such as «Входящий звонок +79001234567»."""
    return f"{_TITLES[call_type(delivery) or 'in']} {_number(delivery)}".strip()


def is_title(name: str | None, delivery: Delivery) -> bool:
    """Return whether a name is a title of this call, whatever its type."""
    return any(name == f"{words} {_number(delivery)}".strip() for words in _TITLES.values())


def marker(delivery: Delivery) -> str:
    """Return the marker that identifies the communication of this call as created or completed by the push."""
    return f"Звонок UIS {delivery.call_session_id}"


def is_marked(description: str | None, delivery: Delivery) -> bool:
    """Return whether a description has the marker of this call."""
    return re.search(rf"{marker(delivery)}(?!\d)", description or "") is not None


def is_technical(line: str) -> bool:
    """Return whether a line of a description is the marker, or the start time."""
    return re.fullmatch(r"Звонок UIS \d+|Начало: [\d.: ]+", line) is not None


def result(delivery: Delivery) -> str:
    """Return the result of the call: its duration and the links of its recordings."""
    kind = call_type(delivery) or "in"
    outcome = _NOBODY_SPOKE.get(kind) or f"Разговор {_duration(delivery.talk_seconds or 0)}"
    return f"{outcome}, запись: {' '.join(delivery.links_set)}" if delivery.links_set else outcome


def description(delivery: Delivery, zone: ZoneInfo, *, with_times: bool) -> str:
    """Return the description as HTML: the result, the marker, and the start time if the todo has no ``when``.

    :param zone: the account's time zone
    """
    lines = [result(delivery)]
    if with_times and delivery.started_at is not None:
        began = delivery.started_at.astimezone(zone)
        lines.append(f"Начало: {began:%d.%m.%Y %H:%M:%S}")
    lines.append(marker(delivery))
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def note(delivery: Delivery) -> str:
    """Return the comment that corrects a communication which a person has changed, as HTML."""
    return html.escape(f"Уточнение по звонку: {title(delivery)}. {result(delivery)}", quote=False)


def _number(delivery: Delivery) -> str:
    return shown_phone(delivery.contact_phone or "")


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "ч"), (minutes, "мин"), (seconds, "с"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 с"
