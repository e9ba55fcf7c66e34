"""Killed, disconnected, overtaken and concurrent runs: Megaplan has each call once, with one communication."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from requests import PreparedRequest, Response

from megaplan_hook.exceptions import MegaplanError
from megaplan_sync.kernel.session import Session
from megaplan_sync.telephony.push.exceptions import ClaimLostError
from megaplan_sync.telephony.push.history_stage import HistoryStage
from megaplan_sync.telephony.session import telephony_session
from megaplan_vendor_kit.transport import VendorAdapter
from tests.emulators.uis_client import Client

from ..airflow_runs import postgres_connection
from .push_world import ALL_DONE, STARTED, FreeBudget, PushWorld, uis_settings
from .two_sides import uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
PLANNED = dict.fromkeys(ALL_DONE, "planned")
CALLS = {700: ("in", "answered"), 701: ("out", "unanswered"), 702: ("in", "missed")}


def add_calls(world: PushWorld, uis: Client) -> None:
    """Three calls, one of them with a recording that can be played."""
    world.uis = uis_settings(uis.url)
    spec = {"time": "virtual", "kind": "incoming_answered", "contact": "79000000001", "employee": 501}
    (played,) = uis.control("calls", spec)
    session = uis.control("calls", method="GET")[-1]
    assert session["id"] == played["id"]
    link = session["recordings"][0]["link"]
    for number, (direction, outcome) in CALLS.items():
        records = [{"url": link, "kind": "talk"}] if number == 700 else []
        world.add_call(number, direction, outcome, records=records, expects_record=bool(records))


def assert_exactly_once(world: PushWorld, todo_status: str = "success") -> None:
    assert sorted(call["providerId"] for call in world.calls()) == ["700", "701", "702"]
    assert len(world.call(700)["recordLinks"]) == 1
    todos = world.todos()
    assert len(todos) == 3
    assert {todo["status"]["masterType"] for todo in todos} == {todo_status}
    for todo in todos:
        assert len(world.comments(todo)) == (1 if todo_status == "success" else 0)
    for number in CALLS:
        assert world.states(number) == ("done", "done" if number == 700 else "none", "done")


@contextmanager
def a_push_that_loses_postgres(world: PushWorld, path: str) -> Iterator[None]:
    """Run a push; the block starts while its request is in flight, and has to disconnect it from Postgres."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            world.push(**ALL_DONE)
        except psycopg.OperationalError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not world.requests(path, "POST"):
        pass
    yield
    thread.join()
    assert errors, "the push has noticed"


def die_at_request(number: int, when: str) -> None:
    """Kill this process before its n-th request or right after its answer, like kill -9."""
    sent = 0
    really_send = VendorAdapter.send

    def send(self: VendorAdapter, request: PreparedRequest, **kwargs: Any) -> Response:
        nonlocal sent
        sent += 1
        if sent == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        response = really_send(self, request, **kwargs)
        if sent == number and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    VendorAdapter.send = send  # type: ignore[method-assign]


def in_a_process(work: Callable[[], Any]) -> bool:
    """Run a function in a child process; return whether it finished."""
    return lived(begun_in_a_process(work))


def begun_in_a_process(work: Callable[[], Any]) -> int:
    """Start a function in a child process; return its id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def lived(child: int) -> bool:
    """Wait for a child process; return whether it finished."""
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("megaplan_creates_todo", [False, True], ids=["ours", "megaplans own"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_9_at_every_request(
    world: PushWorld, uis: Client, when: str, megaplan_creates_todo: bool
) -> None:
    """A run is killed at its first request, the next one at its second, and so on, until one finishes."""
    settings = {**ALL_DONE, "megaplan_creates_todo": megaplan_creates_todo}
    world.knobs(call_makes_todo=megaplan_creates_todo)
    add_calls(world, uis)
    deaths = 0
    for number in range(2, 40):  # the first is the login

        def run(number: int = number) -> None:
            die_at_request(number, when)
            world.push(**settings)

        lived_on = in_a_process(run)
        world.let_time_pass()
        if lived_on and not world.open_calls():
            break
        deaths += not lived_on
    assert deaths >= 3, "no run was killed"
    assert_exactly_once(world)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("megaplan_creates_todo", [False, True], ids=["ours", "megaplans own"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_9_at_every_request_of_a_correction(
    world: PushWorld, uis: Client, when: str, megaplan_creates_todo: bool
) -> None:
    """The old state, which is there, is not taken for the new one."""
    settings = {**ALL_DONE, "megaplan_creates_todo": megaplan_creates_todo}
    world.knobs(call_makes_todo=megaplan_creates_todo)
    add_calls(world, uis)
    world.push(**settings)
    later = STARTED + timedelta(minutes=30)
    ends = {"started_at": later, "finished_at": later + timedelta(seconds=80)}
    world.change_call(702, outcome="answered", talk_seconds=65, **ends)
    deaths = 0
    for number in range(2, 40):

        def run(number: int = number) -> None:
            die_at_request(number, when)
            world.push(**settings)

        lived_on = in_a_process(run)
        world.let_time_pass()
        if lived_on and not world.open_calls():
            break
        deaths += not lived_on
    assert deaths >= 2, "no run was killed"
    assert_exactly_once(world)
    call = world.call(702)
    assert (call["type"], call["timeFrom"]["value"]) == ("in", "2026-09-21T09:45:00+00:00")
    (todo,) = [todo for todo in world.todos() if call["id"] in {each["id"] for each in todo["relations"]}]
    assert todo["name"].startswith("Входящий звонок")
    assert todo["when"]["from"]["value"] == "2026-09-21T09:45:00+00:00"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(2, 13))
def test_kill_9_once_and_then_a_sound_run(world: PushWorld, uis: Client, when: str, number: int) -> None:
    add_calls(world, uis)

    def run() -> None:
        die_at_request(number, when)
        world.push(**ALL_DONE)

    in_a_process(run)
    world.let_time_pass()
    world.push(**ALL_DONE)
    assert_exactly_once(world)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("numbers", [(2, 3), (3, 8)])
def test_kill_9_of_two_runs_at_once(world: PushWorld, when: str, numbers: tuple[int, int]) -> None:
    """More calls than one run claims, so that both have some; each is killed at another request."""
    calls = range(700, 760)
    for number in calls:
        world.add_call(number, "out", "unanswered")
    world.plan(**PLANNED)  # a run skips what the other one is planning, and would find nothing to claim

    def run(number: int) -> None:
        die_at_request(number, when)
        world.push(**PLANNED)

    children = [begun_in_a_process(partial(run, number)) for number in numbers]
    assert [lived(child) for child in children] == [False, False]
    world.let_time_pass()
    world.push_until_quiet(**PLANNED)
    assert sorted(int(call["providerId"]) for call in world.calls()) == list(calls)
    assert len(world.todos()) == len(calls)
    assert {world.states(number) for number in calls} == {("done", "none", "done")}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_claims_of_a_killed_run_hold_until_its_request_has_ended(world: PushWorld, uis: Client) -> None:
    add_calls(world, uis)

    def run() -> None:
        die_at_request(2, "before")
        world.push(**ALL_DONE)

    assert not in_a_process(run)
    world.forget_requests()
    world.push(**ALL_DONE)
    assert world.requests() == []
    left = world.database.execute(
        "SELECT min(extract(epoch FROM claimed_until - now()))::float FROM telephony.call_deliveries"
    ).fetchone()
    assert left is not None
    assert left[0] > 70, "longer than connecting and reading may take"


class SlowBudget(FreeBudget):
    """Calls a function during the first wait for the budget."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = [meanwhile]

    def acquire(self) -> None:
        if self._meanwhile:
            self._meanwhile.pop()()


def test_a_run_that_was_overtaken_sends_nothing_else(world: PushWorld) -> None:
    number = world.add_call()

    def overtake() -> None:
        world.let_time_pass()
        world.push(**ALL_DONE)
        world.forget_requests()

    with Session.open(world.uri) as connection:
        slow = world.new_context(connection, SlowBudget(overtake))
        slow.outbox.open()
        with pytest.raises(ClaimLostError):
            HistoryStage(slow).push_batch()
        with pytest.raises(ClaimLostError):
            slow.outbox.intend("history", [number])
        with pytest.raises(ClaimLostError):
            slow.hook.push_call_history([{"providerId": str(number)}])
    assert world.requests("/callInfo") == []


def test_the_claim_is_renewed_before_every_request(world: PushWorld) -> None:
    world.add_call()
    with Session.open(world.uri) as connection:
        context = world.new_context(connection)
        context.outbox.open()
        context.outbox.claim("history", 10)
        world.database.execute(
            "UPDATE telephony.call_deliveries SET claimed_until = now() + interval '1 second'"
        )
        context.hook.current_user()
        left = world.database.execute(
            """SELECT extract(epoch FROM claimed_until - now())::float FROM telephony.call_deliveries
            WHERE claimed_by IS NOT NULL"""
        ).fetchone()
        assert left is not None
        assert left[0] > 70


def test_several_runs_at_once_share_the_calls(world: PushWorld) -> None:
    for number in range(700, 790):
        world.add_call(number)
    errors: list[Exception] = []

    def run() -> None:
        try:
            world.push(**PLANNED)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    world.push(**PLANNED)
    assert sorted(int(call["providerId"]) for call in world.calls()) == list(range(700, 790))
    assert len(world.todos()) == 90
    assert world.open_calls() == []


@pytest.mark.parametrize("path", ["/callInfo/history", "/todo"])
def test_postgres_lost_while_a_request_is_in_flight(world: PushWorld, uis: Client, path: str) -> None:
    add_calls(world, uis)
    world.fault("slow", path=path, method="POST", seconds=1.0)
    with a_push_that_loses_postgres(world, path):
        world.database.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )
    world.push_until_quiet(**ALL_DONE)
    assert_exactly_once(world)


def test_intents_wait_for_the_disk(world: PushWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of the syncs commit asynchronously, but a crash of Postgres must not lose an intent."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(uis_connection("http://127.0.0.1:1")))
    conn_id = world.connect(telephony_active=True, uis_conn_id="uis_default")
    with telephony_session(conn_id) as session:
        assert session is not None
        assert session.connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_no_call_fails_while_megaplan_is_down(world: PushWorld, uis: Client) -> None:
    add_calls(world, uis)
    world.fault("502", count=0)
    for _ in range(12):  # an hour of runs
        with pytest.raises(MegaplanError, match="502"):
            world.push(**ALL_DONE)
        world.let_time_pass()
    assert "parked" not in {state for number in CALLS for state in world.states(number)}
    world.megaplan.control("faults", method="DELETE")
    world.push_until_quiet(**ALL_DONE)
    assert_exactly_once(world)


@pytest.mark.parametrize("seed", range(6))
def test_a_bad_day(world: PushWorld, uis: Client, seed: int) -> None:
    """A third of all answers is lost, half of those after the request was carried out."""
    add_calls(world, uis)
    for kind in ("500", "reset", "truncated", "429"):
        world.fault(kind, count=0, probability=0.1, seed=seed, processed=kind != "429" and seed % 2 == 0)
    for _ in range(60):
        with suppress(MegaplanError):
            world.push(**ALL_DONE)
        world.let_time_pass()
        if not world.open_calls():
            break
    world.megaplan.control("faults", method="DELETE")
    world.resend()
    world.push_until_quiet(**ALL_DONE)
    assert_exactly_once(world)
