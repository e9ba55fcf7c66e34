"""The doctor finds what is wrong, says what to do, goes on after a failed check, and prints no secret."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from psycopg import Connection

from demo.emulated_megaplan import LOGIN, PASSWORD
from megaplan_sync.doctor.examination import examine
from megaplan_sync.doctor.finding import Finding, report
from megaplan_sync.doctor.operators import ExamineAccountsOperator
from megaplan_sync.telephony.calls.call_table import drain
from tests.emulators.uis_client import TOKEN
from tests.integration.doctor.conftest import DoctorWorld
from tests.integration.gateway.served import MEGAPLAN_SECRET, UIS_SECRET

pytest_plugins = ["tests.emulators.uis_fixtures"]


def levels(findings: dict[str, Finding]) -> dict[str, str]:
    return {topic: finding.level for topic, finding in findings.items() if finding.level != "ok"}


def test_an_account_where_all_works_shows_its_addresses_and_no_secret(
    world: DoctorWorld, caplog: pytest.LogCaptureFixture
) -> None:
    findings = world.findings()
    # the tests use http, and nobody has run megaplan_telephony_sync yet
    assert levels(findings) == {"gateway": "warning", "mapped employees": "warning"}
    text = "\n".join(line for _, line in report("megaplan_default", list(findings.values())))
    account = f"127.0.0.1:{world.megaplan.port}"
    assert f"{world.gateway.url}/{account}/•••/megaplan" in text
    assert f"{world.gateway.url}/{account}/•••/uis" in text
    assert f"{world.gateway.url}/{account}/•••/route" in text
    for secret in (MEGAPLAN_SECRET, UIS_SECRET, PASSWORD, LOGIN, TOKEN, "demo-app-token"):
        assert secret not in text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("megaplan_sync")]
    assert not [line for line in ours if MEGAPLAN_SECRET in line or UIS_SECRET in line]


def test_nothing_is_changed_or_stored(world: DoctorWorld, database: Connection[Any]) -> None:
    world.findings()
    asked = world.megaplan.control("requests")
    assert [entry for entry in asked if entry["method"] != "GET" and "access_token" not in entry["path"]] == [
        entry for entry in asked if entry["method"] == "PUT" and "/integration/" in entry["path"]
    ]
    assert database.execute("SELECT count(*) FROM telephony.events").fetchone() == (0,)


def settings(**changes: Any) -> Callable[[DoctorWorld], None]:
    return lambda world: world.connections(**changes)


def application(**fields: Any) -> Callable[[DoctorWorld], None]:
    return lambda world: world.application(**fields)


def mutation(**spec: Any) -> Callable[[DoctorWorld], None]:
    return lambda world: world.megaplan.control("mutate", spec)


def an_old_unfinished_call(**changes: Any) -> Callable[[DoctorWorld], None]:
    def prepare(world: DoctorWorld) -> None:
        world.connections(**changes)
        with psycopg.connect(world.database_uri, autocommit=True) as database:
            database.execute(
                """INSERT INTO telephony.calls (account, call_session_id, started_at)
                VALUES (%s, 1, now() - interval '40 days')""",
                (f"127.0.0.1:{world.megaplan.port}",),
            )

    return prepare


@pytest.mark.parametrize(
    ("fault", "topic", "level", "words"),
    [
        (settings(application_uuid=""), "application", "error", "application_uuid is empty"),
        (settings(application_uuid="other"), "application", "error", "no application with"),
        (application(isEnabled=False), "application", "error", "switched off"),
        (
            application(subscribedStreams=["deals"]),
            "events of the application",
            "error",
            "contractors, employees",
        ),
        (application(streamUri=None), "events of the application", "error", "has no address"),
        (
            application(streamUri="https://elsewhere.example.org/x"),
            "events of the application",
            "error",
            "another address",
        ),
        (
            mutation(op="revoke_visibility", rights=True),
            "rights",
            "error",
            "can_use_telephony",
        ),
        (mutation(op="empty_list", entity="deals"), "visibility", "warning", "sees no deals"),
        (
            DoctorWorld.forget_internal_numbers,
            "telephony users in Megaplan",
            "error",
            "nobody has an internal number",
        ),
        (settings(gateway_url=""), "gateway", "error", "gateway_url is empty"),
        (settings(gateway_url="http://127.0.0.1:9"), "gateway", "error", "cannot be reached"),
        (settings(webhook_secret="another-secret-0f1"), "webhooks of Megaplan", "error", "another secret"),
        (settings(webhook_secret=""), "webhooks of Megaplan", "error", "has no webhook_secret"),
        (
            settings(uis={"webhook_secret": "another-secret-0f1"}),
            "notifications of UIS",
            "error",
            "another secret",
        ),
        (settings(uis={"access_token": "wrong"}), "UIS key", "error", "key"),
        (settings(uis={"virtual_phone_number": ""}), "virtual number", "warning", "no calls can be made"),
        (settings(uis={"virtual_phone_number": "74950009999"}), "virtual number", "error", "does not have"),
        (settings(uis={"account_timezone": "Asia/Omsk"}), "UIS time zone", "error", "Asia/Omsk"),
        (
            settings(route_fallback="101, +7 926 000 00 7"),
            "fallback numbers",
            "error",
            "number 2 of route_fallback",
        ),
        (settings(route_fallback="101, 8 926 000 00 77"), "fallback numbers", "ok", "2 can be used"),
        (settings(skip_numbers="8926000007"), "numbers to leave out", "error", "number 1 of skip_numbers"),
        (
            settings(missed_call_employees={"+7 495": 1}),
            "missed calls by number",
            "error",
            "number 1 of missed_call_employees",
        ),
        (settings(missed_call_responsible="fixed"), "missed calls", "error", "missed_call_employee is empty"),
        (settings(uis_conn_id=""), "connection of UIS", "error", "uis_conn_id"),
        (settings(requests_per_hour=40), "requests", "ok", "of 40 requests"),
        (
            an_old_unfinished_call(keep_telephony_days=35),
            "calls kept",
            "warning",
            "1 unfinished calls, 0 unsettled",
        ),
        (an_old_unfinished_call(keep_telephony_days=60), "calls kept", "ok", "for 60 days"),
        (an_old_unfinished_call(), "calls kept", "ok", "for ever"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults(
    world: DoctorWorld, fault: Callable[[DoctorWorld], None], topic: str, level: str, words: str
) -> None:
    fault(world)
    found = world.findings()[topic]
    assert (found.level, words in found.message) == (level, True), found
    assert found.remedy or level == "ok", "every other finding says what to do"


def test_the_cabinets_test_of_the_address_is_told_and_makes_no_call(
    world: DoctorWorld, database: Connection[Any]
) -> None:
    """Its example call came into Megaplan, with an end before its start."""
    sample = {
        "notification_mnemonic": "call_session_finished",
        "notification_time": "2016-07-24 23:10:55.272",
        "notification_timestamp": 1467999313,
        "call_session_id": 187020303,
        "direction": "in",
        "external_id": "t456uy",
        "start_time": "2026-03-28 16:29:07",
        "finish_time": None,
    }
    years_old = {"call_session_id": 5, "notification_time": "2016-07-24 23:10:55.272", "direction": "in"}
    for body in (sample, sample, years_old):
        assert world.gateway.notify(body).status_code == 200
    found = world.findings()["test of the notifications"]
    assert (found.level, found.message[:21]) == ("ok", "test received 3 times")
    account = f"127.0.0.1:{world.megaplan.port}"
    assert list(drain(database, account)) == []
    assert database.execute("SELECT count(*) FROM telephony.calls").fetchone() == (0,)


@pytest.mark.parametrize(
    ("ages", "finding"),
    [
        ([0, 0, 0], ("ok", "agrees within 5 s")),
        ([35, 35, 36, 35], ("warning", " s behind that of Postgres")),
        ([-40, -40, -40], ("warning", " s ahead of that of Postgres")),
        ([35, 35], None),
        ([10, 200, 30, 90], None),
    ],
)
def test_a_clock_of_uis_that_differs_is_told(
    ages: list[int], finding: tuple[str, str] | None, world: DoctorWorld, database: Connection[Any]
) -> None:
    for number, age in enumerate(ages, 1):
        body = {"notification_mnemonic": "call_proceeding", "call_session_id": number, "direction": "in"}
        at = time.time() - age
        assert world.gateway.notify({**body, "notification_timestamp": int(at)}).status_code == 200
    found = world.findings().get("time of notifications")
    assert (found is None) == (finding is None)
    if found is not None and finding is not None:
        assert (found.level, finding[1] in found.message) == (finding[0], True), found.message


def test_not_our_gateway(world: DoctorWorld) -> None:
    world.connections(gateway_url=f"{world.uis.url}")
    assert world.findings()["gateway"].level == "error"


def test_after_a_wrong_password_everything_but_megaplan_is_checked(world: DoctorWorld) -> None:
    world.edit("megaplan_default", password="wrong")
    findings = world.findings()
    assert levels(findings)["login"] == "error"
    assert "visibility of deals" not in findings
    assert "wrong" not in findings["login"].message
    assert {"Postgres", "UIS key", "UIS methods", "virtual number", "webhooks of Megaplan"} <= set(findings)


def test_without_postgres_everything_else_is_checked(world: DoctorWorld) -> None:
    world.monkeypatch.delenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES")
    world.monkeypatch.setenv(
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES", '{"conn_type": "postgres", "host": "127.0.0.1", "port": 9}'
    )
    findings = world.findings()
    assert findings["Postgres"].level == "error"
    assert {"login", "clock", "UIS key", "UIS methods", "webhooks of Megaplan"} <= set(findings)


def test_missing_and_newer_tables_are_reported(world: DoctorWorld, database: Connection[Any]) -> None:
    database.execute("UPDATE telephony.schema_version SET version = 99")
    database.execute("DROP SCHEMA megaplan_sync CASCADE")
    findings = world.findings()
    assert findings["tables of telephony"].level == "error"
    assert findings["tables of megaplan_sync"].level == "ok"
    assert "megaplan_deals_sync" in findings["tables of megaplan_sync"].message


def test_an_invalid_connection_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", '{"conn_type": "megaplan"}')
    (finding,) = examine("megaplan_default")
    assert (finding.level, "field 'host'" in finding.message) == ("error", True)


def test_the_task_fails_if_something_does_not_work(
    world: DoctorWorld, caplog: pytest.LogCaptureFixture
) -> None:
    pushed: dict[str, Any] = {}
    context: Any = {"ti": SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value}))}
    operator = ExamineAccountsOperator(task_id="examine_accounts", accounts=["megaplan_default"])
    found = operator.execute(context)
    assert {finding["level"] for finding in found["megaplan_default"]} == {"ok", "warning"}
    world.application(isEnabled=False)
    with pytest.raises(AirflowFailException, match=r"1 error: application: .* → the administrator of"):
        operator.execute(context)
    assert "application" in {finding["topic"] for finding in pushed["findings"]["megaplan_default"]}
