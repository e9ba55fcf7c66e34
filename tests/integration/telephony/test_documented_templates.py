"""The templates in the setup guide can be parsed exactly as they are, in both languages."""

import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from megaplan_sync.inbox.notifications import Notification, read_notification
from tests.emulators.uis_client import Client, Receiver

pytest_plugins = ["tests.emulators.uis_fixtures"]
DOCS = Path(__file__).parents[3] / "docs"
BLOCK = re.compile(
    r"^(?:Template|Шаблон) \d+: (?P<events>.*?)\n\n```text\n(?P<text>.*?)\n```", re.DOTALL | re.MULTILINE
)
MOSCOW = ZoneInfo("Europe/Moscow")
NEEDED = {
    "in_call_session",
    "out_call_session",
    "call_proceeding",
    "call_connected",
    "call_disconnected",
    "talk_started",
    "talk_finished",
    "call_session_finished",
    "lost_call_session",
    "talk_record_file",
    "voice_message",
}


def documented(page: str) -> dict[str, str]:
    """Return the templates of a page by event."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return {
        event: block["text"]
        for block in BLOCK.finditer(text)
        for event in re.findall(r"\(`(\w+)`\)", block["events"])
    }


def play(uis: Client, receiver: Receiver, **knobs: Any) -> list[Notification]:
    uis.control("knobs", knobs)
    for event, template in documented("setup-telephony.md").items():
        uis.control("notifications", {"url": receiver.url, "event": event, "template": template})
    for kind in ("incoming_answered", "incoming_lost", "outgoing_answered", "voicemail"):
        uis.play(kind)
    return [
        read_notification(request.body.encode(), request.headers.get("Content-Type"), zone=MOSCOW)
        for request in receiver.received
    ]


def test_both_languages_have_the_same_templates_for_every_event_needed() -> None:
    templates = documented("setup-telephony.md")
    assert set(templates) == NEEDED
    assert templates == documented("setup-telephony.ru.md")


def test_they_are_json_once_uis_has_filled_them_in() -> None:
    for template in documented("setup-telephony.md").values():
        json.loads(re.sub(r"\{\{\w+\}\}", "null", template))


def test_every_notification_is_parsed_without_repairs(uis: Client, receiver: Receiver) -> None:
    said = play(uis, receiver)
    assert [one for one in said if one.broken or one.repaired] == []
    assert {one.mnemonic for one in said} == NEEDED
    assert all(one.call_session_id and one.occurred_at and one.values for one in said)
    rung = [one.values for one in said if one.mnemonic == "call_proceeding" and one.values]
    rung = [values for values in rung if values["direction"] == "in"]
    assert all(values["employee_id"] and values["contact_phone_number"] for values in rung)
    (links, *_) = [one.values for one in said if one.mnemonic == "talk_record_file" and one.values]
    assert links["file_link"].startswith("http")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_they_are_parsed_with_any_content_type(uis: Client, receiver: Receiver, content_type: str) -> None:
    said = play(uis, receiver, notify_content_type=content_type)
    assert [one for one in said if one.broken or one.repaired] == []
    assert {one.mnemonic for one in said} == NEEDED


def test_macros_that_a_cabinet_does_not_know_cost_only_themselves(uis: Client, receiver: Receiver) -> None:
    """Which macros are valid for which event is not documented: here only those of the vendor's templates."""
    said = play(uis, receiver, macro_scope="template")
    assert [one.broken for one in said if one.broken] == []
    assert {one.mnemonic for one in said} == NEEDED
    assert {one.repaired for one in said} <= {None, "macros were left unexpanded"}
