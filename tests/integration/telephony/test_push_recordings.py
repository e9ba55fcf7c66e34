"""The second stage: Megaplan gets links of recordings once they can be played, and only those of the UIS account."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from megaplan_hook.exceptions import MegaplanError
from tests.emulators.uis_client import Client

from .push_world import ALL_DONE, PushWorld, uis_settings

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
SLOW = 600
"""Seconds until a recording of the emulated account can be played, in tests that wait for one."""


@pytest.fixture
def cabinet(uis: Client, world: PushWorld) -> Client:
    """The UIS account that has the recordings."""
    world.uis = uis_settings(uis.url)
    return uis


def play(cabinet: Client, delay: float = 0) -> tuple[int, str]:
    """Play an answered call; return its number and the link of its recording."""
    cabinet.control("knobs", {"record_delay_s": delay})
    now = cabinet.control("clock", method="GET")["timestamp"]
    spec = {
        "time": "virtual",
        "kind": "incoming_answered",
        "contact": "79000000001",
        "employee": 501,
        "start": now - 70,
    }
    (played,) = cabinet.control("calls", spec)
    number = int(played["id"])
    (call,) = [each for each in cabinet.control("calls", method="GET") if each["id"] == number]
    (recording,) = call["recordings"]
    return number, f"{cabinet.url}/system/media/talk/{number}/{recording['id']}/"


def record(link: str, kind: str = "talk") -> dict[str, Any]:
    return {"url": link, "kind": kind, "record_id": None, "seconds": 60}


def tries(world: PushWorld, number: int) -> int:
    return int(world.row(number)["recording_tries"])


def test_a_ready_recording_is_linked_also_in_the_communication(world: PushWorld, cabinet: Client) -> None:
    number, link = play(cabinet)
    world.add_call(number, records=[record(link)], expects_record=True)
    world.push(**ALL_DONE)
    assert world.call(number)["recordLinks"] == [link]
    assert world.states(number) == ("done", "done", "done")
    (todo,) = world.todos()
    assert world.comments(todo) == [f"Разговор 2 мин 5 с, запись: {link}"]


def test_a_recording_with_an_unspecific_type_is_linked(world: PushWorld, cabinet: Client) -> None:
    cabinet.control("knobs", {"record_content_type": "application/octet-stream"})
    number, link = play(cabinet)
    world.add_call(number, records=[record(link)], expects_record=True)
    world.push()
    assert world.call(number)["recordLinks"] == [link]


@pytest.mark.parametrize("unready", ["404", "204", "empty", "html"])
def test_what_cannot_be_played_yet_is_waited_for(world: PushWorld, cabinet: Client, unready: str) -> None:
    cabinet.control("knobs", {"record_unready": unready})
    number, link = play(cabinet, SLOW)
    world.add_call(number, finished_at=datetime.now(UTC), records=[record(link)], expects_record=True)
    world.push(**ALL_DONE)
    assert world.states(number) == ("done", "waiting", "due")
    assert world.call(number)["recordLinks"] == []
    assert "link" in world.row(number)["last_error"] or "empty" in world.row(number)["last_error"]
    assert link not in world.row(number)["last_error"], "links are secrets"
    asked = len(world.requests())
    world.push(**ALL_DONE)
    assert len(world.requests()) == asked, "waiting costs no requests to Megaplan"
    assert tries(world, number) == 1, "nor an early second check"
    world.let_time_pass()
    cabinet.control("clock", {"advance": SLOW})
    world.push(**ALL_DONE)
    assert world.call(number)["recordLinks"] == [link]
    assert world.states(number) == ("done", "done", "done")


def test_a_communication_waits_for_a_recording_for_minutes_only(world: PushWorld, cabinet: Client) -> None:
    """It came after a day if the recording never did."""
    number, link = play(cabinet, SLOW)
    ended = datetime.now(UTC)
    world.add_call(
        number, finished_at=ended - timedelta(minutes=2), records=[record(link)], expects_record=True
    )
    world.push(**ALL_DONE)
    assert world.todos() == []
    world.change_call(number, finished_at=ended - timedelta(minutes=4))
    world.push(**ALL_DONE)
    assert world.states(number) == ("done", "waiting", "done")
    (todo,) = world.todos()
    assert world.comments(todo) == ["Разговор 2 мин 5 с"]
    world.let_time_pass()
    cabinet.control("clock", {"advance": SLOW})
    world.push(**ALL_DONE)
    assert world.states(number) == ("done", "done", "done")
    (todo,) = world.todos()
    assert link in todo["description"], "it is completed later"


def test_checks_become_rarer_and_end_after_a_day(world: PushWorld, cabinet: Client) -> None:
    cabinet.control("knobs", {"record_login": True})
    number, link = play(cabinet)
    world.add_call(number, records=[record(link)], expects_record=True)
    waits = []
    for _ in range(20):
        world.push(**ALL_DONE)
        if world.states(number)[1] == "parked":
            break
        found = world.database.execute(
            "SELECT extract(epoch FROM recording_due_at - now())::float FROM telephony.call_delivery_states"
        ).fetchone()
        assert found is not None
        waits.append(found[0])
        world.let_time_pass()
    assert waits == sorted(waits)
    assert waits[0] <= 10
    assert 20 * 3600 < sum(waits) < 28 * 3600
    assert "text/html instead of a recording" in world.row(number)["last_error"]
    assert world.states(number) == ("done", "parked", "done"), "the communication does not wait any longer"


def test_no_recording_came(world: PushWorld) -> None:
    world.add_call(expects_record=True)
    world.push_until_quiet()
    assert world.states()[1] == "parked"
    assert world.row()["last_error"] is not None


def test_a_call_that_nobody_recorded_waits_a_little_and_is_done(world: PushWorld) -> None:
    world.add_call(700, expects_record=None)
    world.add_call(701, expects_record=None, finished_at=None)
    world.push(**ALL_DONE)
    assert world.states(700) == ("done", "none", "done")
    assert world.states(701)[1:] == ("waiting", "due")


def test_a_late_recording_is_linked_also_in_the_communication(world: PushWorld, cabinet: Client) -> None:
    number, link = play(cabinet)
    world.add_call(number, expects_record=False)
    world.push(**ALL_DONE)
    assert world.states(number) == ("done", "none", "done")
    world.change_call(number, records=[record(link)], expects_record=True)
    world.push(**ALL_DONE)
    assert world.call(number)["recordLinks"] == [link]
    (todo,) = world.todos()
    assert link in todo["description"]
    assert len(world.comments(todo)) == 1


def test_a_second_recording_is_added(world: PushWorld, cabinet: Client) -> None:
    number, first = play(cabinet)
    world.add_call(number, records=[record(first)], expects_record=True)
    world.push()
    _, second = play(cabinet)
    world.change_call(number, records=[record(first), record(second)])
    world.push()
    assert world.call(number)["recordLinks"] == [first, second]


@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://user:password@{host}/system/media/talk/1/a/",
        "http://127.0.0.1:1/system/media/talk/1/a/",
        "file:///etc/passwd",
        "//{host}/system/media/talk/1/a/",
        "http://[broken/",
    ],
)
def test_a_link_to_another_host_fails_and_is_never_requested(
    world: PushWorld, cabinet: Client, link: str
) -> None:
    world.add_call(
        records=[record(link.format(host=cabinet.url.removeprefix("http://")))], expects_record=True
    )
    world.push(**ALL_DONE)
    assert world.states() == ("done", "parked", "done")
    assert "another host than records_url" in world.row()["last_error"]
    assert world.call()["recordLinks"] == []


def test_beside_a_bad_link_the_good_one_is_set(world: PushWorld, cabinet: Client) -> None:
    number, good = play(cabinet)
    world.add_call(number, records=[record(good), record("http://evil.example.org/x")], expects_record=True)
    world.push()
    assert world.call(number)["recordLinks"] == [good]
    assert world.states(number)[1] == "parked"
    assert "1 of 2 recordings" in world.row(number)["last_error"]


# -- setting links


def with_recordings(world: PushWorld, cabinet: Client, count: int) -> dict[int, str]:
    links = dict(play(cabinet) for _ in range(count))
    for number, link in links.items():
        world.add_call(number, records=[record(link)], expects_record=True)
    return links


def linked(world: PushWorld) -> dict[int, str]:
    return {int(call["providerId"]): " ".join(call["recordLinks"]) for call in world.calls()}


def test_links_are_set_in_batches_after_the_first_has_shown_that_history_updates(
    world: PushWorld, cabinet: Client
) -> None:
    links = with_recordings(world, cabinet, 12)
    world.push()
    assert linked(world) == links
    sizes = [len(entry["body"]) for entry in world.requests("/callInfo/history")]
    assert sizes == [12, 1, 11]
    more = with_recordings(world, cabinet, 5)
    world.forget_requests()
    world.push()
    assert linked(world) == links | more
    assert [len(entry["body"]) for entry in world.requests("/callInfo/history")] == [5, 5]


def test_where_history_does_not_update_links_are_set_one_by_one(world: PushWorld, cabinet: Client) -> None:
    world.database.execute(
        "INSERT INTO telephony.learned (account, topic, value) VALUES (%s, 'history_updates', 'no')",
        (world.account,),
    )
    links = with_recordings(world, cabinet, 3)
    world.push()
    assert linked(world) == links
    assert len(world.requests("/callInfo/history")) == 1


@pytest.mark.parametrize("kind", ["500", "502", "reset", "close", "truncated", "html", "empty", "cut"])
@pytest.mark.parametrize("processed", [True, False], ids=["carried out", "not carried out"])
def test_an_unknown_outcome_of_setting_links(
    world: PushWorld, cabinet: Client, kind: str, processed: bool
) -> None:
    links = with_recordings(world, cabinet, 3)
    world.fault(kind, path="/callInfo/history", nth=2, processed=processed)
    assert isinstance(world.push_with_trouble(**ALL_DONE), MegaplanError)
    world.push_until_quiet(**ALL_DONE)
    assert linked(world) == links
    assert len(world.calls()) == len(world.todos()) == 3


def test_a_call_lost_by_megaplan_meanwhile_comes_back_with_its_recording(
    world: PushWorld, cabinet: Client
) -> None:
    number, link = play(cabinet, SLOW)
    world.add_call(number, records=[record(link)], expects_record=True)
    world.push()
    world.megaplan.control("mutate", {"op": "delete_calls", "ids": [world.call(number)["id"]]})
    cabinet.control("clock", {"advance": SLOW})
    world.push_until_quiet(**ALL_DONE)
    assert linked(world) == {number: link}


def test_checking_makes_ready_recordings_due(world: PushWorld, cabinet: Client) -> None:
    """As in the sensor, which requests recordings from UIS and nothing from Megaplan."""
    ready, unready = play(cabinet), play(cabinet, SLOW)
    for number, link in (ready, unready):
        world.add_call(number, records=[record(link)], expects_record=True)
    with psycopg.connect(world.uri, autocommit=True) as connection:
        push = world.new_push(connection)
        push.push_first_batch()
        world.forget_requests()
        assert push.check_recordings() == 1
    assert world.states(ready[0])[1] == "due"
    assert world.states(unready[0])[1] == "waiting"
    assert world.requests() == []
    world.push()
    assert linked(world) == {ready[0]: ready[1], unready[0]: ""}
