"""How many requests a call costs: measured here, and documented in docs/telephony-push.md."""

import re
from pathlib import Path
from typing import Any

import pytest

from megaplan_sync.kernel.request_budget import LIVE_SHARE
from megaplan_sync.kernel.session import Session
from megaplan_sync.telephony.people.directories import save_directory
from tests.emulators.uis_client import Client

from .push_world import STARTED, PushWorld, uis_settings

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
PAGE = Path(__file__).parents[3] / "docs" / "telephony-push.md"
TOGETHER = 50
KINDS: dict[str, dict[str, Any]] = {
    "history": {},
    "history of a call that the live lane created": {"live": True},
    "history, recording": {"record": True},
    "history, recording, planned communication": {"record": True, "kind": "planned"},
    "history, recording, done communication": {"record": True, "kind": "done"},
    "history, done communication (missed, unanswered)": {"kind": "done"},
    "history, recording, done communication of a client whom only Megaplan knows": {
        "record": True,
        "kind": "done",
        "is_known": False,
    },
    "history, recording, planned communication created by Megaplan": {
        "record": True,
        "kind": "planned",
        "megaplan_creates_todo": True,
    },
    "history, recording, done communication created by Megaplan": {
        "record": True,
        "kind": "done",
        "megaplan_creates_todo": True,
    },
}


def documented() -> dict[str, tuple[float, float, int, int]]:
    """Return the table of the page: requests per call alone and together, calls an hour alone and together."""
    rows = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \| (\d+) \|$", PAGE.read_text(), re.M)
    return {row[0]: (float(row[1]), float(row[2]), int(row[3]), int(row[4])) for row in rows}


@pytest.mark.parametrize("what", KINDS)
def test_a_call_costs_what_the_page_says(world: PushWorld, uis: Client, what: str) -> None:
    world.uis = uis_settings(uis.url)
    case = KINDS[what]
    own = case.get("megaplan_creates_todo", False)
    settings = {"communication_incoming_answered": case.get("kind", "none"), "megaplan_creates_todo": own}
    world.knobs(call_makes_todo=own)
    spec = {"time": "virtual", "kind": "incoming_answered", "contact": "79000000001", "employee": 501}
    uis.control("calls", spec)
    link = uis.control("calls", method="GET")[-1]["recordings"][0]["link"]
    world.database.execute(
        "INSERT INTO telephony.learned (account, topic, value) VALUES (%s, 'history_updates', 'yes')",
        (world.account,),
    )

    card = world.client("79990000000")
    sync_directories(world)

    def cost(first: int, count: int) -> float:
        for number in range(first, first + count):
            phone = f"7900{number:07}"
            if case.get("is_known", True):
                add_raw_client(world, card, number, phone)
            has_record = case.get("record", False)
            world.add_call(
                number,
                contact_phone=phone,
                records=[{"url": link, "kind": "talk"}] if has_record else [],
                expects_record=has_record,
            )
            if case.get("live"):
                body = {"contentType": "CallInfo", "providerId": str(number), "state": "talking"}
                made = world.hook().request("POST", "/callInfo", body=body)
                world.add_live_card(number, made.data["id"])
        world.forget_requests()
        world.push(**settings)
        assert world.open_calls() == []
        return len(world.requests()) / count

    alone, together = cost(1, 1), cost(1000, TOGETHER)
    an_hour = 1000 * (1 - LIVE_SHARE)
    assert documented()[what] == (alone, together, int(an_hour / alone), int(an_hour / together))


def test_the_page_has_no_other_rows() -> None:
    assert list(documented()) == list(KINDS)


def sync_directories(world: PushWorld) -> None:
    """Fill the directories of todos, which the push uses, as ``megaplan_telephony_sync`` does."""
    hook = world.hook()
    with Session.open(world.uri) as connection:
        for name, walk in (("todo_categories", hook.todo_categories), ("todo_statuses", hook.todo_statuses)):
            save_directory(connection, world.account, name, [row for page in walk() for row in page.items])


def add_raw_client(world: PushWorld, card: dict[str, Any], number: int, phone: str) -> None:
    """Add a contact with a number to the raw tables."""
    world.database.execute(
        """INSERT INTO megaplan_raw.contacts (account, payload, content_hash)
        VALUES (%s, jsonb_build_object('contentType', 'ContractorHuman', 'id', %s::text), '')
        ON CONFLICT DO NOTHING""",
        (world.account, card["id"]),
    )
    world.database.execute(
        """INSERT INTO megaplan_raw.contact_points
          (account, contact_id, position, type, phone_e164, first_synced_at)
        VALUES (%s, %s, %s, 'phone', %s, %s)""",
        (world.account, card["id"], number, f"+{phone}", STARTED),
    )
