"""Control routes: mutations, the log, the truth; the seed; the page; the command."""

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from emulators.megaplan.account import Account
from emulators.megaplan.knobs import Knobs
from tests.emulators.megaplan_client import Client, message


def test_the_log_tells_what_was_asked(megaplan: Client) -> None:
    megaplan.control("requests", method="DELETE")
    megaplan.get("/deal", limit=3)
    entry = megaplan.control("requests", method="GET")[-1]
    assert (entry["method"], entry["path"], entry["args"]) == ("GET", "/api/v3/deal", {"limit": 3})
    assert (entry["status"], entry["user"], entry["fault"]) == (200, "1000000", None)


def test_the_log_holds_no_tokens(megaplan: Client) -> None:
    token = megaplan.tokens["access_token"]
    megaplan.request("GET", "/deal", {"access_token": token}, headers={})
    assert token not in str(megaplan.control("requests", method="GET"))


def test_the_truth_is_never_shortened(megaplan: Client) -> None:
    for deal in megaplan.truth("deals"):
        assert set(deal["state"]) > {"contentType", "id"}
        assert set(deal["program"]) > {"contentType", "id"}


def test_the_truth_can_be_narrowed(megaplan: Client) -> None:
    rows = megaplan.truth("deals", fields="name", limit="3", offset="1")
    assert [list(row) for row in rows] == [["contentType", "id", "name"]] * 3
    assert rows[0]["id"] == "1002"


def test_counts_are_exact(megaplan: Client) -> None:
    counts = megaplan.control("state", method="GET")["counts"]
    assert (counts["Deal"], counts["Contractor"], counts["Employee"]) == (250, 101, 40)


@pytest.mark.parametrize("setting", [{"nothing": 1}, {"gone_cursor": "maybe"}, {"dedupe": "perhaps"}])
def test_a_wrong_knob_is_refused(megaplan: Client, setting: dict[str, object]) -> None:
    assert requests.post(f"{megaplan.url}/_control/knobs", json=setting, timeout=10).status_code == 400


def test_an_unknown_mutation_is_refused(megaplan: Client) -> None:
    assert (
        requests.post(f"{megaplan.url}/_control/mutate", json={"op": "wish"}, timeout=10).status_code == 400
    )


def test_an_update_need_not_move_time_updated(megaplan: Client) -> None:
    before = megaplan.card("/deal/1001")
    megaplan.mutate(op="update_deal", id="1001", fields={"name": "Тихо"}, touch=False)
    after = megaplan.card("/deal/1001")
    assert (after["name"], after["timeUpdated"]) == ("Тихо", before["timeUpdated"])


def test_positions_come_and_go(megaplan: Client) -> None:
    deal = next(row for row in megaplan.truth("deals") if row.get("positions"))
    count = len(deal["positions"])
    megaplan.mutate(op="add_position", id=deal["id"], offer=2901, quantity=2, price=10.5)
    added = megaplan.card(f"/deal/{deal['id']}")
    assert (added["positionsCount"], added["positions"][-1]["sum"]["value"]) == (count + 1, 21)
    megaplan.mutate(op="remove_position", id=deal["id"], position=0)
    left = [row["id"] for row in megaplan.card(f"/deal/{deal['id']}")["positions"]]
    assert left == [row["id"] for row in added["positions"][1:]]


def test_a_stage_can_be_moved(megaplan: Client) -> None:
    before = megaplan.card("/deal/1001")["state"]["id"]
    moved = megaplan.mutate(op="move_stage", id="1001")
    assert megaplan.card("/deal/1001")["state"]["id"] == moved["state"] != before


def test_many_deals_are_touched(megaplan: Client) -> None:
    before = {row["id"]: row["timeUpdated"]["value"] for row in megaplan.truth("deals", fields="timeUpdated")}
    touched = megaplan.mutate(op="touch_many", share=0.1, seed=2)["ids"]
    after = {row["id"]: row["timeUpdated"]["value"] for row in megaplan.truth("deals", fields="timeUpdated")}
    assert len(touched) == 25
    assert {id for id in after if after[id] != before[id]} == set(touched)


def test_sight_of_deals_can_be_taken_and_given_back(megaplan: Client) -> None:
    hidden = megaplan.mutate(op="revoke_visibility", share=0.2, seed=1)["ids"]
    assert not set(hidden) & {row["id"] for row in megaplan.walk("/deal")}
    assert megaplan.get(f"/deal/{hidden[0]}").status_code == 403
    megaplan.mutate(op="revoke_visibility", restore=True)
    assert len(megaplan.walk("/deal")) == 250


def test_contractors_can_be_merged(megaplan: Client) -> None:
    deal = next(row for row in megaplan.truth("deals") if row["contractor"])
    drop = deal["contractor"]["id"]
    keep = next(row["id"] for row in megaplan.rows("/contractor") if row["id"] != drop)
    megaplan.mutate(op="merge_contractors", keep=keep, drop=drop)
    assert megaplan.card(f"/contractor/{drop}")["isDropped"] is True
    assert megaplan.card(f"/deal/{deal['id']}")["contractor"]["id"] == keep


def test_a_contractor_can_vanish_for_good(megaplan: Client) -> None:
    megaplan.mutate(op="delete_contractor", id="1000010", hard=True)
    assert megaplan.get("/contractor/1000010").status_code == 404


def test_an_employee_can_be_fired(megaplan: Client) -> None:
    megaplan.mutate(op="fire_employee", id="1000005")
    card = megaplan.card("/employee/1000005")
    assert (card["isWorking"], card["canLogin"]) == (False, False)


def test_presence_can_be_fixed(megaplan: Client) -> None:
    megaplan.mutate(op="set_online", id="1000005", online=True)
    assert all(megaplan.card("/employee/1000005")["isOnline"] for _ in range(5))


def test_a_renamed_custom_field_keeps_its_key(megaplan: Client) -> None:
    key = "Category1000061CustomFieldVidSdelki"
    megaplan.mutate(op="rename_custom_field", key=key, title="Тип сделки")
    titles = {field["name"]: field["hrName"] for field in megaplan.rows("/deal/extraFields")}
    assert titles[key] == "Тип сделки"


def test_a_custom_field_comes_and_goes(megaplan: Client) -> None:
    key = megaplan.mutate(op="add_custom_field", program=14, title="Новое поле", kind="Money")["key"]
    assert key == "Category1000061CustomFieldNovoePole"
    assert megaplan.get("/deal", fields=[key]).status_code == 200
    megaplan.mutate(op="remove_custom_field", key=key)
    assert megaplan.get("/deal", fields=[key]).status_code == 422


def test_the_clock_can_be_set_and_stopped(megaplan: Client) -> None:
    megaplan.control("clock", {"time": "2027-01-01T00:00:00+00:00", "frozen": True})
    megaplan.tokens = megaplan.login().json()  # the old token has outlived its time
    megaplan.post("/deal/1001", {"name": "В полночь"})
    assert megaplan.card("/deal/1001")["timeUpdated"]["value"] == "2027-01-01T00:00:00+00:00"


def test_a_reset_brings_the_seeded_account_back(megaplan: Client) -> None:
    name = megaplan.card("/deal/1001")["name"]
    megaplan.post("/deal/1001", {"name": "Другое"})
    megaplan.control("reset", {})
    megaplan.tokens = megaplan.login().json()
    assert megaplan.card("/deal/1001")["name"] == name


def test_a_mutation_waits_for_its_request(megaplan: Client) -> None:
    after = {"method": "GET", "path": "/api/v3/deal", "nth": 2}
    megaplan.mutate(op="delete_deal", id="1001", after=after)
    assert [row["id"] for row in megaplan.rows("/deal", limit=1)] == ["1001"]
    assert [row["id"] for row in megaplan.rows("/deal", limit=1)] == ["1001"]
    assert megaplan.get("/deal/1001").status_code == 404


def test_an_attached_mutation_that_fails_is_reported(megaplan: Client) -> None:
    megaplan.mutate(op="delete_deal", id="999999", after={"path": "/deal"})
    megaplan.get("/deal")
    assert "999999" in megaplan.control("mutate", method="GET")["failures"][0]


def test_the_same_seed_gives_the_same_account() -> None:
    def printed() -> list[tuple[object, ...]]:
        store = Account(seed=7, deals=120, knobs=Knobs()).store
        return [(row.id, row.name, row.created, row.updated, row.price) for row in store.deals]  # type: ignore[attr-defined]

    assert printed() == printed()


def test_another_seed_gives_another_account() -> None:
    first, second = (Account(seed=seed, deals=50).store.deals for seed in (1, 2))
    assert [row.name for row in first] != [row.name for row in second]  # type: ignore[attr-defined]


def test_the_page_shows_deals_and_finds_them(megaplan: Client) -> None:
    name = megaplan.card("/deal/1001")["number"]
    text = requests.get(megaplan.url, params={"q": name}, timeout=10).text
    assert name in text
    assert '<span class="count">1</span>' in text


def test_an_account_may_refuse_names_in_fields(megaplan: Client) -> None:
    asked = {"fields": ["name", "payForm"], "onlyRequestedFields": True}
    assert megaplan.get("/deal", **asked).status_code == 200
    megaplan.control("knobs", {"refused_fields": "tags,payForm"})
    refusal = megaplan.get("/deal", **asked)
    assert refusal.status_code == 422
    assert message(refusal) == "Deal have not this fields"
    assert megaplan.get("/deal", fields=["name"]).status_code == 200


def test_every_token_issued_is_told(megaplan: Client) -> None:
    issued = megaplan.control("tokens", method="GET")
    assert issued == [megaplan.tokens["access_token"], megaplan.tokens["refresh_token"]]
    megaplan.login(grant_type="refresh_token", refresh_token=issued[1])
    assert len(set(megaplan.control("tokens", method="GET"))) == 4


def test_the_page_shows_a_deal_and_contacts(megaplan: Client) -> None:
    assert "Воронка" in requests.get(f"{megaplan.url}/deals/1001", timeout=10).text
    assert "Ответственный" in requests.get(f"{megaplan.url}/contacts?page=2", timeout=10).text


def test_the_command_prints_its_address_and_stops_on_a_signal() -> None:
    command = [sys.executable, "-m", "emulators.megaplan", "--port", "0", "--deals", "20", "--knob", "rps=0"]
    root = Path(__file__).parents[3]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        assert len(Client(found[0]).rows("/deal")) == 20
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()


def test_the_command_refuses_an_unknown_knob() -> None:
    command = [sys.executable, "-m", "emulators.megaplan", "--knob", "nothing=1"]
    root = Path(__file__).parents[3]
    process = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=30, check=False)
    assert process.returncode == 2
    assert "unknown knob" in process.stderr


def test_answers_are_dated_by_the_accounts_clock(megaplan: Client) -> None:
    def date() -> datetime:
        return parsedate_to_datetime(requests.get(f"{megaplan.url}/api/v3", timeout=10).headers["Date"])

    before = date()
    assert abs(before - datetime.now(UTC)) < timedelta(minutes=1)
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 86_400})
    assert timedelta(days=1) <= date() - before < timedelta(days=1, minutes=1)
