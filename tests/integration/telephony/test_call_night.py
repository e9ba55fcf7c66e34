"""The nightly reconciliation of UIS's report, the outbox and Megaplan: every finished call is there exactly once."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from megaplan_hook.exceptions import MegaplanAuthError
from megaplan_sync.kernel.certificate import Certificate, certificates_of
from megaplan_sync.telephony.night.operators import ReconcileCallsOperator
from megaplan_sync.telephony.push.exceptions import NoTelephonyUsersError
from tests.emulators.uis_client import Client
from uis_hook.exceptions import UisError

from ..airflow_runs import postgres_connection
from .call_night import CallNight
from .notification_receiver import NotificationReceiver
from .push_world import ALL_DONE, PushWorld
from .two_sides import uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
DONE = ("done", "done", "done")


@pytest.fixture
def night(world: PushWorld, uis: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[CallNight]:
    receiver = NotificationReceiver(world.uri, world.account)
    yield CallNight(world, uis, receiver, monkeypatch)
    receiver.close()
    uis.control("faults", method="DELETE")


def counts(certificate: Certificate) -> dict[str, Any]:
    """Return the verdict, the expected number of calls, and every count that is not zero."""
    names = ("missing", "stale", "extra", "repaired", "unresolved")
    nonzero = {name: getattr(certificate, name) for name in names if getattr(certificate, name)}
    return {"verdict": certificate.verdict, "calls": certificate.in_table, **nonzero}


def push(night: CallNight) -> None:
    night.world.push_until_quiet(**ALL_DONE)


def test_nothing_to_find_costs_nothing_but_reading_both_lists(night: CallNight) -> None:
    numbers = [night.play(), night.play("outgoing_unanswered"), night.play("incoming_lost")]
    push(night)
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 3}
    assert (certificate.same, certificate.in_megaplan, certificate.reason) == (3, 3, None)
    assert [entry["method"] for entry in night.world.requests()] == ["GET"]
    assert certificate.requests_used == 2, "a login and a page"
    assert [night.world.states(number)[0] for number in numbers] == ["done"] * 3
    stored = night.stored_certificate()
    assert (stored["same"], stored["verdict"], stored["entity"]) == (3, "proven", "calls")
    assert "3 in Megaplan, 3 in the table" in stored["doc"]


def test_calls_without_events_are_stored_delivered_and_counted(night: CallNight) -> None:
    heard = night.play()
    push(night)
    lost = [
        night.play(is_heard=False),
        night.play("outgoing_answered", is_heard=False, contact="79000000002"),
        night.play("incoming_lost", is_heard=False),
        night.play("voicemail", is_heard=False),
    ]
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 5, "missing": 4, "repaired": 4}
    assert (certificate.same, certificate.in_megaplan) == (1, 1), "before it was repaired"
    assert sorted(call["providerId"] for call in night.world.calls()) == sorted(map(str, [heard, *lost]))
    for number in (lost[0], lost[1], lost[3]):
        assert night.world.states(number) == DONE
        assert len(night.world.call(number)["recordLinks"]) == 1
    assert night.world.states(lost[2]) == ("done", "none", "done")
    assert len(night.world.todos()) == 5
    again = night.run(**ALL_DONE)
    assert counts(again) == {"verdict": "proven", "calls": 5}
    assert len(night.world.todos()) == 5


def test_an_end_that_was_lost_is_taken_from_the_report(night: CallNight) -> None:
    """There were events of the start of the call, but not of its end."""
    night.uis.control("notifications", method="DELETE")
    spec = {"template": "flat", "url": f"{night.receiver.url}/hook"}
    for event in ("in_call_session", "call_proceeding", "talk_started"):
        night.uis.control("notifications", {"event": event, **spec})
    number = night.play()
    night.world.push(**ALL_DONE)
    assert night.world.calls() == []
    assert counts(night.run(**ALL_DONE)) == {"verdict": "proven", "calls": 1, "missing": 1, "repaired": 1}
    assert night.world.states(number) == DONE


def test_a_call_that_megaplan_has_lost_is_created_again_once(night: CallNight) -> None:
    numbers = [night.play() for _ in range(3)]
    push(night)
    world = night.world
    gone = world.call(numbers[1])["id"]
    world.megaplan.control("mutate", [{"op": "delete_calls", "ids": [gone]}])
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 3, "missing": 1, "repaired": 1}
    assert certificate.in_megaplan == 2
    assert world.call(numbers[1])["id"] != gone
    assert world.states(numbers[1]) == DONE
    assert len(world.call(numbers[1])["recordLinks"]) == 1
    assert len(world.todos()) == 3, "its communication is there already, and follows it to the new object"
    assert counts(night.run(**ALL_DONE)) == {"verdict": "proven", "calls": 3}


@pytest.mark.parametrize(
    "change",
    [
        {"recordLinks": []},
        {"state": "talking"},
        {"type": "miss"},
        {"timeFrom": {"contentType": "DateTime", "value": "2026-01-01T00:00:00+00:00"}},
        {"timeTo": None},
        {"fromPhone": "79990000000"},
        {"toPhone": None},
        {"toUser": {"contentType": "Employee", "id": "1000009"}},
        {"toUser": None},
    ],
    ids=[
        *(
            "recording removed",
            "not finished",
            "of another kind",
            "another start",
            "no end",
            "another caller",
        ),
        *("no number of ours", "another employee", "no employee"),
    ],
)
def test_a_call_changed_in_megaplan_is_updated(night: CallNight, change: dict[str, Any]) -> None:
    number, other = night.play(), night.play()
    push(night)
    world = night.world
    before = world.call(number)
    world.megaplan.control("mutate", [{"op": "change_call", "id": before["id"], "fields": change}])
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 2, "stale": 1, "repaired": 1}
    after = world.call(number)
    names = ("id", "type", "state", "recordLinks", "timeFrom", "timeTo", "fromPhone", "toPhone")
    assert all(after[name] == before[name] for name in names)
    assert after["toUser"]["id"] == before["toUser"]["id"]
    assert world.states(number) == world.states(other) == DONE
    assert len(world.todos()) == 2


def test_a_client_corrected_by_a_person_is_not_a_difference(night: CallNight) -> None:
    number = night.play()
    push(night)
    call, client = night.world.call(number), night.world.client("+70000000000")
    night.world.hook().request("POST", f"/callInfo/{call['id']}/setContractor", body=client)
    assert counts(night.run(**ALL_DONE)) == {"verdict": "proven", "calls": 1}
    assert night.world.call(number)["fromUser"]["id"] == client["id"]


def test_megaplans_own_communication_is_restored_with_its_call(night: CallNight) -> None:
    """Megaplan rewrites it whenever the call object changes."""
    settings = {**ALL_DONE, "megaplan_creates_todo": True}
    night.world.knobs(call_makes_todo=True)
    number = night.play()
    night.world.push_until_quiet(**settings)
    (before,) = night.world.todos()
    changed = {"op": "change_call", "id": night.world.call(number)["id"], "fields": {"type": "miss"}}
    night.world.megaplan.control("mutate", [changed])
    assert night.world.todos()[0]["name"] != before["name"]
    certificate = night.run(**settings)
    assert counts(certificate) == {"verdict": "proven", "calls": 1, "stale": 1, "repaired": 1}
    (after,) = night.world.todos()
    assert [after[name] for name in ("name", "when", "description")] == [
        before[name] for name in ("name", "when", "description")
    ]


def test_duplicates_in_megaplan_are_reported_and_left_to_a_person(night: CallNight) -> None:
    number = night.play()
    push(night)
    hook = night.world.hook()
    hook.request("POST", "/callInfo", body={"contentType": "CallInfo", "providerId": str(number)})
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "unresolved", "calls": 1, "extra": 1, "unresolved": 1}
    assert f"Megaplan has call {number} 2 times" in str(certificate.reason)
    assert not certificate.is_good
    assert len([call for call in night.world.calls() if call["providerId"] == str(number)]) == 2


def test_a_call_that_only_megaplan_has_is_completed_not_duplicated(night: CallNight) -> None:
    """The outbox was lost, or somebody else created the call."""
    number = night.play(is_heard=False)
    made = {"contentType": "CallInfo", "providerId": str(number), "state": "talking", "type": "in"}
    hook = night.world.hook()
    made_id = hook.request("POST", "/callInfo", body=made).data["id"]
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 1, "missing": 1, "repaired": 1}
    assert night.world.call(number)["id"] == made_id
    assert night.world.call(number)["state"] == "finished"


def test_failed_calls_stay_failed_and_are_reported(night: CallNight) -> None:
    number = night.play()
    push(night)
    night.world.database.execute(
        """UPDATE telephony.call_deliveries SET state = 'parked', error = 'Megaplan said no', sent = NULL
        WHERE stage = 'communication'"""
    )
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "unresolved", "calls": 1, "stale": 1, "unresolved": 1}
    assert f"Call {number} (history done, recording done, communication parked): Megaplan said no." in str(
        certificate.reason
    )


def test_calls_that_are_not_delivered_are_not_a_difference(night: CallNight) -> None:
    night.play("internal", is_heard=False)
    stranger = night.play("outgoing_answered", is_heard=False, employee=505)
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 0}
    assert "1 calls of employees who are not among the users" in str(certificate.reason)
    assert night.world.calls() == []
    assert night.world.row(stranger)["call_info_id"] is None


def test_a_recording_that_cannot_be_played_yet_is_waited_for(night: CallNight) -> None:
    night.uis.control("knobs", {"record_delay_s": 86_400})
    number = night.play(hours_ago=1)
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 1, "missing": 1, "repaired": 1}
    assert night.world.states(number)[0] == "done"
    night.uis.advance(86_400 + 60)
    certificate = night.run(**ALL_DONE)
    assert certificate.verdict == "proven"
    assert night.world.states(number) == DONE, "the report has it in the meantime"


def test_days_are_the_accounts_own_and_overlap(night: CallNight) -> None:
    """It is the 15th, 10:00 in Moscow: calls are compared from the 13th, 00:00 Moscow time."""
    too_old = night.play(is_heard=False, start="2026-01-12 23:50:00")
    first = night.play(is_heard=False, start="2026-01-13 00:00:05")
    before_midnight = night.play(is_heard=False, start="2026-01-14 23:59:30")
    certificate = night.run()
    assert certificate.in_table == 2
    assert {call["providerId"] for call in night.world.calls()} == {str(first), str(before_midnight)}
    certificate = night.run(since=(night.now() - timedelta(days=5)).date())
    assert counts(certificate) == {"verdict": "proven", "calls": 3, "missing": 1, "repaired": 1}
    assert night.world.states(too_old)[0] == "done"
    elsewhere = night.run(account_timezone="Asia/Vladivostok")
    assert elsewhere.in_table == 3, "there, the 13th began seven hours earlier"


def test_missed_nights_are_made_up_for(night: CallNight) -> None:
    assert night.run(at=night.now() - timedelta(days=9)).verdict == "proven"
    number = night.play(is_heard=False, hours_ago=24 * 8)
    assert night.run().missing == 1
    assert night.world.states(number)[0] == "done"


def test_calls_whose_events_came_late_are_compared_however_old(night: CallNight) -> None:
    assert night.run().in_table == 0
    number = night.play(hours_ago=24 * 40)
    push(night)
    night.world.megaplan.control("mutate", [{"op": "delete_calls", "ids": [night.world.call(number)["id"]]}])
    certificate = night.run()
    assert (certificate.in_table, certificate.missing, certificate.repaired) == (1, 1, 1)


def test_only_new_calls_are_read_if_the_list_is_in_order_of_ids(night: CallNight) -> None:
    world = night.world
    for number in range(1000, 1260):
        world.add_call(number)
    world.push()
    numbers = [night.play() for _ in range(3)]
    push(night)
    world.database.execute(
        "UPDATE telephony.calls SET changed_at = '2026-01-01' WHERE call_session_id < 2000"
    )
    night.run(**ALL_DONE)
    world.megaplan.control("mutate", [{"op": "delete_calls", "ids": [world.call(numbers[0])["id"]]}])
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 3, "missing": 1, "repaired": 1}
    assert len(world.requests("/callInfo", "GET")) == 2, "one page, and one request for the missing call"
    world.megaplan.control("mutate", [{"op": "reorder", "entity": "calls", "seed": 3}])
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 3}
    assert len(world.requests("/callInfo", "GET")) in (4, 5), (
        "the whole list, after one page in another order"
    )
    night.run(**ALL_DONE)
    assert len(world.requests("/callInfo", "GET")) in (3, 4), "and that is remembered"


@pytest.mark.parametrize("status", ["403", "404"])
def test_each_call_is_requested_if_megaplan_refuses_the_list(night: CallNight, status: str) -> None:
    numbers = [night.play() for _ in range(2)]
    push(night)
    night.world.megaplan.control(
        "mutate", [{"op": "delete_calls", "ids": [night.world.call(numbers[0])["id"]]}]
    )
    night.world.fault("500", status=int(status), path="/callInfo", method="GET", exact=True)
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 2, "missing": 1, "repaired": 1}
    assert len(night.world.calls()) == 2


def test_temporary_errors_of_megaplan_are_waited_out(night: CallNight) -> None:
    numbers = [night.play(is_heard=False) for _ in range(3)]
    night.world.fault("500", path="/callInfo/history", method="POST", count=1, processed=True)
    night.world.fault("reset", path="/todo", method="POST", count=1, processed=True)
    certificate = night.run(**ALL_DONE)
    assert counts(certificate) == {"verdict": "proven", "calls": 3, "missing": 3, "repaired": 3}
    assert night.waits
    assert len(night.world.calls()) == len(night.world.todos()) == 3
    assert {night.world.states(number) for number in numbers} == {DONE}


def test_without_its_report_nothing_is_certified(night: CallNight) -> None:
    night.play(is_heard=False)
    night.uis.control("knobs", {"ip_whitelist": "10.0.0.0/8"})
    try:
        with pytest.raises(UisError, match="uis_default"):
            night.run()
    finally:
        night.uis.control("knobs", {"ip_whitelist": "0.0.0.0/0"})
    stored = night.stored_certificate()
    assert (stored["verdict"], stored["in_megaplan"]) == ("stopped", None)
    assert "uis_default" in stored["reason"]
    assert night.world.calls() == []
    assert night.run().missing == 1


def test_a_retry_of_the_same_run_continues_its_counts(night: CallNight) -> None:
    night.play(is_heard=False)
    night.world.fault("401", path="/callInfo/history", count=0)
    night.world.fault("401", path="/auth/access_token", count=0)
    with pytest.raises(MegaplanAuthError, match="refuses the credentials"):
        night.run(run_id="night")
    night.world.megaplan.control("faults", method="DELETE")
    night.world.let_time_pass()
    certificate = night.run(run_id="night")
    assert counts(certificate) == {"verdict": "proven", "calls": 1, "missing": 1, "repaired": 1}
    assert certificate.requests_used > 2, "including those of the first attempt"


def test_without_users_of_telephony_nothing_is_sent_and_the_certificate_says_so(night: CallNight) -> None:
    night.world.database.execute("DELETE FROM telephony.users")
    night.play("ivr_only", is_heard=False)
    with pytest.raises(NoTelephonyUsersError):
        night.run()
    assert night.stored_certificate()["verdict"] == "stopped"


def test_a_nights_requests_are_used_up_and_the_push_continues(night: CallNight) -> None:
    numbers = [night.play(is_heard=False) for _ in range(30)]
    certificate = night.run(night_requests=10, **ALL_DONE)
    assert certificate.requests_used == 10
    assert certificate.unresolved > 0
    assert "night_requests" in str(certificate.reason)
    push(night)
    assert {night.world.states(number) for number in numbers} == {DONE}
    assert len(night.world.calls()) == len(night.world.todos()) == 30


def test_an_account_that_fails_does_not_stop_the_others(
    night: CallNight, connect: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the operator of the DAG: one cabinet refuses access, one account has no telephony."""
    number = night.play(is_heard=False, hours_ago=1)
    world, uis = night.world, night.uis
    exchange = uis_connection(uis.url, records_url=uis.url)
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(exchange))
    monkeypatch.setenv(
        "AIRFLOW_CONN_UIS_STRANGE", json.dumps(uis_connection(uis.url, access_token="of another brand"))
    )
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    telephony = {"telephony_active": True, "vendor_quirks": {"read_lag_seconds": 0}}
    accounts = [
        connect("megaplan_strange", uis_conn_id="uis_strange", **telephony),
        connect("megaplan_silent"),
        connect("megaplan_default", uis_conn_id="uis_default", **telephony),
    ]
    since = night.now().date().isoformat()
    compare = ReconcileCallsOperator(task_id="reconcile_calls", accounts=accounts, since=since)
    with pytest.raises(AirflowFailException, match="uis_strange"):
        compare.execute({"run_id": "night"})
    assert world.states(number)[0] == "done"
    found = certificates_of(world.database, "night")
    assert [(one.entity, one.verdict, one.repaired) for one in found] == [("calls", "proven", 1)]
    tables = ReconcileCallsOperator(task_id="reconcile_calls", accounts=accounts, entities=["deals"])
    tables.execute({"run_id": "tables"})
    assert certificates_of(world.database, "tables") == []


def test_an_invalid_date_is_reported() -> None:
    with pytest.raises(AirflowFailException, match="calls_since is 'yesterday'"):
        ReconcileCallsOperator(task_id="calls", accounts=[], since="yesterday").execute({"run_id": "night"})
