"""The night of an account of which not everything is copied; deals since a day, and looking back."""

import json
from datetime import date, datetime
from typing import Any

import pytest

from tests.integration.raw.test_private_fields import HASHES, LEFT_OUT, PSEUDONYMS
from tests.integration.reconciliation.nights import Night


def verdicts(certificates: dict[str, Any]) -> dict[str, str]:
    return {table: each.verdict for table, each in certificates.items() if each.verdict != "proven"}


@pytest.mark.parametrize("settings", [LEFT_OUT, PSEUDONYMS, HASHES], ids=["left out", "pseudonyms", "hashes"])
def test_the_night_compares_in_the_private_form(night: Night, settings: dict[str, str]) -> None:
    night.settings = {**settings}
    certificates = night.run(depth="full")
    assert verdicts(certificates) == {}
    assert certificates["contacts"].stale > 0, "the table was loaded without these settings"
    night.assert_found(night.run(depth="full"))
    human = night.value("SELECT id FROM megaplan_raw.contacts WHERE kind = 'human' ORDER BY id LIMIT 1")
    night.by_hand("DELETE FROM megaplan_raw.contacts WHERE id = %(id)s", id=human)
    night.by_hand(
        "UPDATE megaplan_raw.contacts SET payload = payload || '{\"name\": \"Имя\"}' WHERE kind = 'company'"
    )
    assert verdicts(night.run(depth="ids")) == {}
    night.assert_found(night.run(depth="full"))
    assert night.value("SELECT count(*) FROM megaplan_raw.contacts WHERE payload ->> 'name' = 'Имя'") == 0


class Since:
    """A day that splits the account's deals in two."""

    def __init__(self, night: Night) -> None:
        created = [
            datetime.fromisoformat(card["timeCreated"]["value"])
            for card in night.megaplan.control("state?entity=deals")
        ]
        self.day: date = sorted(created)[len(created) * 3 // 4].date()
        self.settings = {"deals_since": self.day.isoformat(), "account_timezone": "UTC"}
        self.newer = sum(each.date() >= self.day for each in created)
        self.all = len(created)


def reloaded(night: Night, **settings: Any) -> None:
    night.settings = settings
    night.sync("deals")


def emptied(night: Night) -> None:
    night.by_hand("DELETE FROM megaplan_raw.deals")
    night.by_hand("DELETE FROM megaplan_raw.deal_positions")
    night.by_hand("DELETE FROM megaplan_sync.walks WHERE entity = 'deals'")


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_older_deals_are_neither_loaded_nor_missed(night: Night, depth: str) -> None:
    since = Since(night)
    assert 0 < since.newer < since.all
    emptied(night)
    reloaded(night, **since.settings)
    assert night.present("deals") == since.newer
    assert night.asked()["/deal"] <= since.newer / 100 + 5
    night.assert_found(night.run("deals", depth=depth))
    assert night.present("deals") == since.newer


def test_an_older_deal_that_changes_is_not_loaded(night: Night) -> None:
    since = Since(night)
    emptied(night)
    reloaded(night, **since.settings)
    older = min(night.megaplan.control("state?entity=deals"), key=lambda card: card["timeCreated"]["value"])
    night.change({"op": "update_deal", "id": older["id"], "fields": {"name": "Иначе"}, "touch": True})
    night.sync("deals")
    assert night.value("SELECT count(*) FROM megaplan_raw.deals WHERE id = %(id)s", id=int(older["id"])) == 0
    night.assert_found(night.run("deals"))


def test_the_day_may_be_moved_and_taken_away(night: Night) -> None:
    since = Since(night)
    emptied(night)
    reloaded(night, **since.settings)
    reloaded(night)
    assert night.present("deals") == since.all
    night.settings = since.settings
    night.sync("deals")
    night.assert_found(night.run("deals", depth="full"))
    assert night.present("deals") == since.all, "what is here already stays"


def test_a_run_looks_back_as_far_as_it_is_told(night: Night) -> None:
    """A change that became visible an hour late."""
    night.settings = {"page_size": 10}
    latest = night.value("SELECT max(updated_at) FROM megaplan_raw.deals")
    deal, *others = (
        identity
        for (identity,) in night.database.execute(
            "SELECT id FROM megaplan_raw.deals ORDER BY updated_at LIMIT 31"
        )
    )
    late = int(latest.timestamp()) - 3000
    night.change(
        {"op": "same_second", "ids": others, "time": int(latest.timestamp()) - 1500},
        {"op": "update_deal", "id": deal, "fields": {"name": "Поздно видно"}, "touch": False},
        {"op": "same_second", "ids": [deal], "time": late},
    )
    name = "SELECT name FROM megaplan_raw.deals WHERE id = %(id)s"
    night.sync("deals")
    assert night.value(name, id=deal) != "Поздно видно"
    night.settings = {"page_size": 10, "deals_look_back_minutes": 60}
    night.sync("deals")
    assert night.value(name, id=deal) == "Поздно видно"


def test_a_card_that_is_the_winners_says_into_whom_a_contact_was_merged(night: Night) -> None:
    cards = night.megaplan.control("state?entity=contractors")
    humans = [card for card in cards if card["contentType"] == "ContractorHuman" and not card["isDropped"]]
    loser, winner = humans[:2]
    night.change({"op": "delete_contractor", "id": loser["id"], "hard": True})
    body = json.dumps({"meta": {"status": 200, "errors": []}, "data": winner})
    fault = {"kind": "502", "status": 200, "path": f"/contractor/{loser['id']}", "exact": True, "body": body}
    night.megaplan.control("faults", fault)
    assert night.run("contacts")["contacts"].deleted == 1
    assert night.value(
        """SELECT deletion_evidence ->> 'answered_with' FROM megaplan_raw.contacts
        WHERE id = %(id)s AND deleted_at IS NOT NULL""",
        id=int(loser["id"]),
    ) == str(winner["id"])
